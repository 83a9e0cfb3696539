/**
 * From stored values to what the network sees: the one rule to `uint16`, the file's own masks, and those that the user
 * or the geometry states.
 */
import type { RawSource } from './formats/format.js';
import type { FrameSource } from './frames.js';
import type { DetectorGeometry } from './geometry/geometry.js';
import { placeGeometry, type PlacedGeometry } from './geometry/place.js';
import { findDefects, joinTwo, maskFrames, maskFromArray, parseMaskRule } from './masking.js';
import { isOwnMask, type OpenFramesOptions } from './open-options.js';
import { NO_RULE } from './pixels.js';
import { framesFromRaw, stackedShape } from './source.js';
import { openRaw } from './stored.js';

/** The frames of `raw` with masks and rules applied. Throws `UserError` where a mask does not fit. */
export async function maskedFrames(
  raw: RawSource,
  options: OpenFramesOptions,
  geometry: DetectorGeometry | null,
): Promise<FrameSource> {
  const rule = options.maskRule === undefined ? NO_RULE : parseMaskRule(options.maskRule).values;
  const own = options.mask === 'none' ? { ...raw, mask: () => Promise.resolve(null) } : raw;
  const stated = await readMask(options.mask, raw);
  const placed = geometry === null ? null : await placeGeometry(geometry, raw);
  const frames = framesFromRaw(placed === null ? own : inPlace(own, placed), {
    rule,
    ...(options.scale === undefined ? {} : { scale: options.scale }),
    ...(placed === null ? {} : { experiment: placed.experiment }),
    ...(placed === null || placed.flags === null ? {} : { flags: placed.flags }),
    ...(options.overloads === undefined ? {} : { overloads: options.overloads }),
  });
  const mask = joinTwo(stated, placed?.mask ?? null);
  const known = placed === null ? frames : { ...frames, geometry: placed.geometry };
  return mask === null ? known : maskFrames(known, mask);
}

/** `raw` with what a geometry says of each frame and of the file. */
function inPlace(raw: RawSource, placed: PlacedGeometry): RawSource {
  const { maskOf } = placed;
  return {
    ...raw,
    notes: [...(raw.notes ?? []), ...placed.notes],
    ...(maskOf === null
      ? {}
      : { mask: async (index: number) => joinTwo(await raw.mask(index), await maskOf(index)) }),
    async close() {
      placed.close();
      await raw.close();
    },
  };
}

async function readMask(spec: string | undefined, raw: RawSource): Promise<Uint8Array | null> {
  if (spec === undefined || spec === 'none' || isOwnMask(spec)) return null;
  const inverted = spec.startsWith('bad:');
  const file = inverted ? spec.slice(4) : spec;
  const source = await openRaw(file);
  try {
    const { height, width } = stackedShape(raw.frameShape);
    return maskFromArray(await source.readRaw(0), height * width, inverted, file);
  } finally {
    await source.close();
  }
}

/** `source` without the pixels that are hot or dead in many of its frames, where that is asked for. */
export async function withoutDefects(source: FrameSource, options: OpenFramesOptions): Promise<FrameSource> {
  const rule = options.maskRule === undefined ? null : parseMaskRule(options.maskRule);
  if (rule === null || !(rule.hot || rule.dead)) return source;
  return maskFrames(source, await findDefects(source, rule));
}
