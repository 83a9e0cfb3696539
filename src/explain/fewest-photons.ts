/**
 * The fewest photons that would keep a vetoed frame, added as one spot of the instrument's width: at the best and at the median of
 * places spread over the frame. Asks the firmware's arithmetic, as `occlusion.ts` does; every answer is a frame that was scored.
 */
import type { Scorer } from './occlusion.js';
import type { NoisyFrame } from './noise.js';
import type { SeenPart } from './seen-part.js';

export interface PhotonPlace {
  /** Row and column of the spot's centre. */
  readonly y: number;
  readonly x: number;
  /** Fewest photons that turned the decision there; null where not even `tried` did. */
  readonly photons: number | null;
}

export interface FewestPhotons {
  /** Standard deviation of the spot in pixels. */
  readonly sigma: number;
  /** The most photons that were tried in one spot. */
  readonly tried: number;
  readonly places: number;
  readonly best: PhotonPlace;
  /** At the middle of the places, in the order of the photons that they need. */
  readonly median: PhotonPlace;
}

/** Places along each side. */
const ALONG = 8;
/** Photons in one spot: a hundred thousand is beyond what detectors count. */
const MOST_DOUBLINGS = 17;
/** Halvings between the last number that does not turn the decision and the first that does. */
const HALVINGS = 6;

/** `photons` spread over pixels as a Gaussian of `sigma` around (`y`, `x`), in whole counts that sum to them; masked pixels lose theirs. */
export function withSpot(
  { pixels, size, mask }: NoisyFrame,
  { y, x }: { readonly y: number; readonly x: number },
  photons: number,
  sigma: number,
): Uint16Array {
  const [height, width] = size;
  const reach = Math.ceil(3 * sigma);
  const places: { readonly at: number; readonly share: number }[] = [];
  for (let py = Math.max(0, y - reach); py <= Math.min(height - 1, y + reach); py++)
    for (let px = Math.max(0, x - reach); px <= Math.min(width - 1, x + reach); px++)
      places.push({
        at: py * width + px,
        share: Math.exp(-((py - y) ** 2 + (px - x) ** 2) / (2 * sigma ** 2)),
      });
  const whole = places.reduce((sum, { share }) => sum + share, 0);
  const parts = places.map(({ at, share }) => ({ at, exact: (photons * share) / whole }));
  const given = parts.map(({ exact }) => Math.floor(exact));
  // What is left goes where most was cut off.
  const order = parts.map(({ exact }, k) => ({ k, rest: exact - given[k]! })).sort((a, b) => b.rest - a.rest);
  const left = photons - given.reduce((a, b) => a + b, 0);
  for (const { k } of order.slice(0, left)) given[k]! += 1;
  const result = pixels.slice();
  parts.forEach(({ at }, k) => {
    if (mask === null || mask[at] === 1) result[at] = Math.min(65_535, result[at]! + given[k]!);
  });
  return result;
}

/** Places on a grid over what the network sees, without masked ones. */
function placesOf({ size, mask }: NoisyFrame, { offset, size: seen }: SeenPart): PhotonPlace[] {
  const middle = (start: number, extent: number, k: number): number =>
    start + Math.floor(((k + 0.5) * extent) / ALONG);
  return Array.from({ length: ALONG * ALONG }, (_, k) => ({
    y: middle(offset[0], seen[0], Math.floor(k / ALONG)),
    x: middle(offset[1], seen[1], k % ALONG),
    photons: null,
  })).filter(({ y, x }) => mask === null || mask[y * size[1] + x] === 1);
}

/** Which of `asked` turn the decision. */
type Ask = (
  asked: readonly { readonly place: PhotonPlace; readonly photons: number }[],
) => Promise<readonly boolean[]>;

/** Null where every place is masked. */
export async function fewestPhotons(
  scorer: Scorer,
  frame: NoisyFrame,
  seen: SeenPart,
  turned: (score: number) => boolean,
  sigma: number,
): Promise<FewestPhotons | null> {
  const places = placesOf(frame, seen);
  if (places.length === 0) return null;
  const ask: Ask = async (asked) =>
    (await scorer(asked.map(({ place, photons }) => withSpot(frame, place, photons, sigma)))).map(turned);
  const found = await narrowed(await doubled(places, ask), ask);
  const ordered = [...found].sort((a, b) => (a.photons ?? Infinity) - (b.photons ?? Infinity));
  return {
    sigma,
    tried: 2 ** MOST_DOUBLINGS,
    places: places.length,
    best: ordered[0]!,
    median: ordered[Math.floor((ordered.length - 1) / 2)]!,
  };
}

/** At each place the first power of two that turns the decision. */
async function doubled(all: readonly PhotonPlace[], ask: Ask): Promise<readonly PhotonPlace[]> {
  let places = all;
  for (let doubling = 0; doubling <= MOST_DOUBLINGS; doubling++) {
    const open = places.filter(({ photons }) => photons === null);
    if (open.length === 0) break;
    const answers = await ask(open.map((place) => ({ place, photons: 2 ** doubling })));
    const found = new Set(open.filter((_, k) => answers[k]!));
    places = places.map((place) => (found.has(place) ? { ...place, photons: 2 ** doubling } : place));
  }
  return places;
}

/** Halves the way between the power of two that did not turn the decision and the one that did. */
async function narrowed(all: readonly PhotonPlace[], ask: Ask): Promise<readonly PhotonPlace[]> {
  let open = all.map((place) => ({
    place,
    low: Math.floor((place.photons ?? 0) / 2),
    high: place.photons ?? 0,
  }));
  for (let k = 0; k < HALVINGS; k++) {
    const asked = open.map(({ place, low, high }) => ({ place, photons: Math.floor((low + high) / 2) }));
    const wide = open.map(({ low, high }) => high - low > 1);
    const answers = await ask(asked.filter((_, i) => wide[i]!));
    let next = 0;
    open = open.map((one, i) => {
      if (!wide[i]!) return one;
      const { photons } = asked[i]!;
      return answers[next++]! ? { ...one, high: photons } : { ...one, low: photons };
    });
  }
  return open.map(({ place, high }) => ({ ...place, photons: place.photons === null ? null : high }));
}
