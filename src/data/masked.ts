/**
 * From stored values to what the network sees: the one rule to `uint16`, the file's own masks, and those that the user
 * or the geometry states.
 */
import { resolve } from 'node:path';
import { refuseAbsent, unhiddenModules } from './absent-modules.js';
import type { RawSource } from './formats/format.js';
import type { FrameSource } from './frames.js';
import type { DetectorGeometry } from './geometry/geometry.js';
import { placeGeometry, type PlacedGeometry } from './geometry/place.js';
import { findDefects, joinTwo, maskFrames, parseMaskRule } from './masking.js';
import { NOT_USED, withNotes, type Note } from './notes.js';
import { isWhole, type OpenFramesOptions } from './open-options.js';
import { shared } from './shared-masks.js';
import { NO_RULE } from './pixels.js';
import { framesFromRaw } from './source.js';
import { readStatedMask, type StatedMask } from './stated-mask.js';

export interface Masking {
  /** The frames of a raw source with masks and rules applied. Throws `UserError` where a mask does not fit. */
  readonly frames: (raw: RawSource) => Promise<FrameSource>;
  /** Where the geometry says that the frames stand, when it is one place; null: it does not say. */
  readonly stated: string | null;
  /** The file of `--mask` where it holds a mask a frame, as far as frames were opened. */
  readonly fileOfFrameMasks: () => string | null;
}

type ForAll = Extract<StatedMask, { kind: 'for all frames' }>;

/** What `options` and `geometry` do to the frames of any file; the user's mask is read once for each shape of frame. */
export function createMasking(options: OpenFramesOptions, geometry: DetectorGeometry | null): Masking {
  const rule = options.maskRule === undefined ? NO_RULE : parseMaskRule(options.maskRule).values;
  const known = new Map<string, ForAll>();
  let fileOfFrameMasks: string | null = null;
  const statedFor = async (raw: RawSource): Promise<StatedMask | null> => {
    const shape = raw.frameShape.join();
    const stated = known.get(shape) ?? (await readStatedMask(options.mask, raw));
    if (stated?.kind === 'for all frames') known.set(shape, stated);
    if (stated?.kind === 'a frame') fileOfFrameMasks = stated.file;
    return stated;
  };
  const frames = async (raw: RawSource): Promise<FrameSource> => {
    const own = options.mask === 'none' ? { ...raw, mask: () => Promise.resolve(null) } : raw;
    const stated = await statedFor(raw);
    const placed = geometry === null ? null : await placeGeometry(geometry, raw);
    const absent = absentOf(raw, options, stated, placed);
    const frames = framesFromRaw(placed === null ? own : inPlace(own, placed), {
      rule,
      ...(options.scale === undefined ? {} : { scale: options.scale }),
      ...(placed === null ? {} : { experiment: placed.experiment }),
      ...(placed === null || placed.flags === null ? {} : { flags: placed.flags }),
      ...(options.overloads === undefined ? {} : { overloads: options.overloads }),
    });
    const told = absent.length === 0 ? frames : { ...frames, absent };
    const placedFrames = placed === null ? told : { ...told, geometry: placed.geometry };
    return withoutIdle(withNotes(masked(placedFrames, stated, placed?.mask ?? null), stated?.notes ?? []));
  };
  const places = new Set(geometry?.panels.map(({ data }) => data));
  const stated = places.size === 1 ? [...places][0]! : null;
  return { frames, stated, fileOfFrameMasks: () => fileOfFrameMasks };
}

/** Numbers of modules without a file that no mask leaves out. Throws `UserError` where the options count on one. */
function absentOf(
  raw: RawSource,
  options: OpenFramesOptions,
  stated: StatedMask | null,
  placed: PlacedGeometry | null,
): readonly string[] {
  if (options.allowMissing === true) return [];
  const mask = joinTwo(stated?.kind === 'for all frames' ? stated.mask : null, placed?.mask ?? null);
  const names = unhiddenModules(raw, mask).map(({ name }) => name);
  if (placed !== null) refuseAbsent(names, raw.file, `${placed.geometry.file} has panels there`);
  if (isWhole(options)) refuseAbsent(names, raw.file, 'maps are of every module');
  return names;
}

/** `source` without the words that a mask of the file was not used, where the user or a geometry took it. */
function withoutIdle(source: FrameSource): FrameSource {
  const of = ({ file, field }: Note): string => JSON.stringify([resolve(file), field]);
  const masks = (source.notes ?? []).filter(({ about }) => about === 'mask');
  const used = new Set(masks.filter(({ kind }) => kind === 'taken').map(of));
  const idle = new Set(masks.filter((note) => note.kind === 'warning' && note.text.includes(NOT_USED) && used.has(of(note))));
  return idle.size === 0 ? source : { ...source, notes: source.notes!.filter((note) => !idle.has(note)) };
} // prettier-ignore

/** `source` with the mask of the user and that of a geometry. */
function masked(source: FrameSource, stated: StatedMask | null, placed: Uint8Array | null): FrameSource {
  if (stated?.kind === 'a frame') {
    const both = maskFrames(source, async (index) => joinTwo(await stated.of(index), placed)!);
    return {
      ...both,
      async close() {
        await stated.close();
        await both.close();
      },
    };
  }
  const all = joinTwo(stated?.mask ?? null, placed);
  return all === null ? source : maskFrames(source, shared(all));
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

/** The mask of pixels that are hot or dead in many frames of `source`; null where it is not asked for. */
export async function defectsOf(source: FrameSource, options: OpenFramesOptions): Promise<Uint8Array | null> {
  const rule = options.maskRule === undefined ? null : parseMaskRule(options.maskRule);
  return rule === null || !(rule.hot || rule.dead) ? null : findDefects(source, rule);
}
