/** Stage 1: the frames of a run, and which of them train, validate, calibrate and test. */
import { refuseAbsent } from '../../data/absent-modules.js';
import { countsByClass, partitionFrames, type Partition } from '../../data/partition.js';
import { CLASS_NAMES, FIRST_HIT_CLASS, type FrameSource } from '../../data/frames.js';
import { simulateFramesParallel } from '../../data/parallel.js';
import { stackModules } from '../../data/stack-modules.js';
import { streamFrames } from '../../data/stream.js';
import { UserError } from '../../core/errors.js';
import type { Emit } from '../events.js';
import { openFrameArguments } from '../open-frames.js';
import type { FrameOptionValues } from '../frame-options.js';
import { pictureSize } from '../modules-wish.js';
import type { Recipe } from '../recipe.js';

export interface RunFrames {
  readonly source: FrameSource;
  /** How the files were opened: masks, geometry, calibration of the detector. Empty for simulated frames. */
  readonly options: FrameOptionValues;
  readonly partition: Partition;
  readonly classNames: readonly string[];
  readonly hitClasses: readonly boolean[];
  /** Class of frame `index`; every frame of the partition has one. */
  readonly labelOf: (index: number) => number;
}

/** The frames of `recipe`, those of several modules stacked. */
async function openSource(recipe: Recipe, emit: Emit): Promise<FrameSource> {
  const source = await openPictures(recipe, emit);
  const { modules, frames } = recipe;
  try {
    if (modules === null) return source;
    refuseAbsent(source.absent, source.name, 'the network has a front end for each');
    if (modules.layout !== null && frames.kind === 'files')
      throw new UserError('files give modules stacked along rows, and no picture of them', {
        field: '--split',
        remedy: `say --split modules=${modules.count}, without --assemble`,
      });
    const stacked = modules.layout === null ? source : stackModules(source, modules.layout);
    pictureSize(modules, [stacked.height, stacked.width]);
    return stacked;
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function openPictures(recipe: Recipe, emit: Emit): Promise<FrameSource> {
  const { frames } = recipe;
  if (frames.kind === 'files') return (await openFrameArguments(frames.paths, frames.options, emit)).source;
  const { count, height, width, variety, hitFraction } = frames;
  return simulateFramesParallel({
    seed: recipe.seed,
    count,
    height,
    width,
    variety,
    ...(hitFraction === null ? {} : { hitFraction }),
  });
}

/** Which classes are hits: learned from the labels themselves, since a file may order its classes as it likes. */
function hitClassesOf(source: FrameSource, classNames: readonly string[]): boolean[] {
  const seen = new Array<boolean | undefined>(classNames.length);
  for (let i = 0; i < source.count; i++) {
    const { label, hit } = source.label(i);
    if (label === null || hit === null) continue;
    if (seen[label] !== undefined && seen[label] !== hit)
      throw new UserError(
        `class "${classNames[label] ?? label}" is a hit in some frames and a miss in others`,
        {
          file: source.name,
          field: 'hit',
          remedy: 'correct the labels, or give hit alone',
        },
      );
    seen[label] = hit;
  }
  const diffraNet =
    classNames.length === CLASS_NAMES.length && classNames.every((n, i) => n === CLASS_NAMES[i]);
  const hits = seen.map((hit, i) => hit ?? (diffraNet ? i >= FIRST_HIT_CLASS : i > 0));
  if (hits.includes(true) && hits.includes(false)) return hits;
  throw new UserError(`all its classes are ${hits[0] === true ? 'hits' : 'misses'}`, {
    file: source.name,
    field: 'label',
    remedy: 'give frames of both: a veto tells them apart',
  });
}

/** The frames as hits and misses, whatever classes they have. */
export const asHitOrMiss = (frames: RunFrames): RunFrames => ({
  ...frames,
  classNames: ['miss', 'hit'],
  hitClasses: [false, true],
  labelOf: (index) => Number(frames.hitClasses[frames.labelOf(index)]),
});

/** Says how many frames take no part because nobody knows what they are. */
function sayUnknown(source: FrameSource, partition: Partition, emit: Emit): void {
  const known = Object.values(partition).reduce((sum, part) => sum + part.length, 0);
  if (known === source.count) return;
  emit({
    event: 'warning',
    warning: { about: 'unsure frames', unsure: source.count - known, frames: source.count },
  });
}

/** Opens the frames of `recipe`; the caller closes `source`. */
export async function openRunFrames(recipe: Recipe, emit: Emit): Promise<RunFrames> {
  const source = await openSource(recipe, emit);
  try {
    const partition = partitionFrames(source, { ...recipe.split, seed: recipe.seed });
    const byClass = countsByClass(source);
    sayUnknown(source, partition, emit);
    const classNames = byClass ? source.classNames! : ['miss', 'hit'];
    const labelOf = (index: number): number => {
      const { label, hit } = source.label(index);
      return byClass ? label! : Number(hit);
    };
    const frames = {
      source,
      options: recipe.frames.kind === 'files' ? recipe.frames.options : {},
      partition,
      classNames,
      hitClasses: byClass ? hitClassesOf(source, classNames) : [false, true],
      labelOf,
    };
    return recipe.classes === 'hits' ? asHitOrMiss(frames) : frames;
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** About `wanted` indices, evenly spaced. */
export function evenly(indices: readonly number[], wanted: number): readonly number[] {
  if (indices.length <= wanted) return indices;
  return Array.from({ length: wanted }, (_, i) => indices[Math.floor((i * indices.length) / wanted)]!);
}

/** Raw pixels of the frames `indices`, in order. */
export async function* framePixels(
  source: FrameSource,
  indices: readonly number[],
): AsyncGenerator<{ readonly index: number; readonly pixels: Uint16Array }> {
  for await (const { index, frame } of streamFrames(source, { indices }))
    yield { index, pixels: frame.pixels };
}
