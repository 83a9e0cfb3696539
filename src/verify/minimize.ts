/**
 * The smallest frame that still shows a difference: pixels set to zero by ever smaller blocks, then counts lowered,
 * as long as `differs` holds. Deterministic; at most `budget` frames are tried.
 */

/** Whether each of `frames` still shows it. */
export type Differs = (frames: readonly Uint16Array[]) => Promise<readonly boolean[]>;

const BATCH = 16;

interface Search {
  best: Uint16Array;
  left: number;
}

function cleared(
  pixels: Uint16Array,
  width: number,
  block: { readonly y: number; readonly x: number; readonly size: number },
): Uint16Array | null {
  const result = pixels.slice();
  let changed = false;
  const bottom = Math.min(pixels.length / width, block.y + block.size);
  const right = Math.min(width, block.x + block.size);
  for (let y = block.y; y < bottom; y++)
    for (let x = block.x; x < right; x++) {
      changed ||= result[y * width + x] !== 0;
      result[y * width + x] = 0;
    }
  return changed ? result : null;
}

/** Tries variants of the best frame; takes all that work together, or else the first that works. */
async function tryAll(
  search: Search,
  differs: Differs,
  variants: readonly ((pixels: Uint16Array) => Uint16Array | null)[],
): Promise<void> {
  for (let i = 0; i < variants.length && search.left > 0; i += BATCH) {
    const part = variants.slice(i, i + BATCH);
    const candidates = part.flatMap((vary) => {
      const frame = vary(search.best);
      return frame === null ? [] : [{ vary, frame }];
    });
    if (candidates.length === 0) continue;
    search.left -= candidates.length;
    const shown = await differs(candidates.map((c) => c.frame));
    const good = candidates.filter((_, k) => shown[k]);
    if (good.length === 0) continue;
    const together = good.reduce((frame, { vary }) => vary(frame) ?? frame, search.best);
    search.left -= 1;
    const [works] = good.length === 1 ? [true] : await differs([together]);
    search.best = works === true ? together : good[0]!.frame;
  }
}

/** Shrinks `pixels` (which must differ) of a frame `width` columns wide. */
export async function minimizeFrame(
  pixels: Uint16Array,
  width: number,
  differs: Differs,
  budget = 2000,
): Promise<Uint16Array> {
  const search: Search = { best: pixels, left: budget };
  const height = pixels.length / width;
  let size = 1;
  while (size < Math.max(height, width)) size *= 2;
  for (; size >= 1 && search.left > 0; size = Math.floor(size / 2)) {
    const blocks: ((frame: Uint16Array) => Uint16Array | null)[] = [];
    for (let y = 0; y < height; y += size)
      for (let x = 0; x < width; x += size) blocks.push((frame) => cleared(frame, width, { y, x, size }));
    await tryAll(search, differs, blocks);
  }
  const lit = [...search.best.keys()].filter((i) => search.best[i] !== 0);
  for (const divisor of [WHITE, 256, 16, 2]) {
    const lower = lit.map((i) => (frame: Uint16Array) => {
      const value = Math.max(1, Math.floor(frame[i]! / divisor));
      return frame[i]! > value ? frame.with(i, value) : null;
    });
    await tryAll(search, differs, lower);
  }
  return search.best;
}

const WHITE = 65535;
