/** Labelled diffraction frames for any detector, as a file. */
import { existsSync } from 'node:fs';
import { UserError } from '../core/errors.js';
import { version } from '../core/version.js';
import { CLASS_NAMES } from '../data/frames.js';
import { simulateFramesParallel } from '../data/parallel.js';
import type { SimulateOptions } from '../data/simulate/settings.js';
import type { SimulatedRaw } from '../data/simulate/raw-detector.js';
import { wavelengthOfEnergy } from '../data/units.js';
import type { SimulatedSource } from '../data/simulate/simulate-frames.js';
import type { Compression } from '../data/write/growing-dataset.js';
import { writeFrames } from '../data/write/write-frames.js';
import { beginStage, type Emit } from './events.js';
import { checkCells, rawSimulation, type RawSimulation } from './simulate-raw.js';
import { partPath, runShard, type ShardOutcome } from './shards/folder.js';
import { frameRange, shardPlan } from './shards/plan.js';
import type { ShardWish } from './shards/shard.js';

export interface SimulateRequest {
  readonly frames: SimulateOptions;
  readonly compression: Compression;
  /** Threads that simulate; any number gives the same frames. */
  readonly workers: number | undefined;
  /** Replace the file if it exists. */
  readonly replace: boolean;
  /** Write the words of this detector, and dark frames of it beside. */
  readonly raw?: SimulatedRaw;
  /** Memory cells of this detector, where it has such: frames come from one after the other. */
  readonly cells?: number;
}

export interface SimulationSummary {
  readonly file: string;
  readonly frames: number;
  readonly hits: number;
  readonly classes: Readonly<Record<string, number>>;
  readonly splits: Readonly<Record<string, number>>;
  readonly crystals: number;
  /** Of words: the energy of every photon, the files of dark frames and of the true maps. */
  readonly raw?: { readonly photonEnergyEv: number; readonly darks: string; readonly truth: string };
}

function summarize(file: string, source: SimulatedSource): SimulationSummary {
  const classes: Record<string, number> = Object.fromEntries(CLASS_NAMES.map((name) => [name, 0]));
  const splits: Record<string, number> = {};
  const crystals = new Set<string>();
  let hits = 0;
  for (let i = 0; i < source.count; i++) {
    const { label, hit, split, group } = source.label(i);
    classes[CLASS_NAMES[label!]!]! += 1;
    splits[split!] = (splits[split!] ?? 0) + 1;
    crystals.add(group!);
    if (hit === true) hits++;
  }
  return { file, frames: source.count, hits, classes, splits, crystals: crystals.size };
}

/** The rule in words, as an attribute of the file. */
function classRule(source: SimulatedSource): string {
  const [weak, good, strong] = source.settings.visibleSpots.map(([low, high]) => `${low}..${high}`);
  return (
    'A Bragg spot is visible if, on the 3x3 sum of the noise-free image around its maximum, SNR = S/sqrt(S+B+R) >= 5 and ' +
    'S >= 6 photons, on live pixels; B is the background, R the read noise in photons squared. Frames are scaled so that the ' +
    `number of visible spots falls in Weak ${weak}, Good ${good}, Strong ${strong}. No crystal = diffuse scatter, rings, streaks. ` +
    'Blank = no beam, or below 0.01 photon per pixel. Hot pixels occur in every class.'
  );
}

/** Writes simulated frames to the file `out`. Throws `UserError`. */
export async function simulateToFile(
  out: string,
  { frames, compression, workers, replace, raw, cells }: SimulateRequest,
  emit: Emit,
): Promise<SimulationSummary> {
  checkCells(raw, cells);
  const [darks, truth] = ['darks', 'truth'].map((what) => `${out.replace(/\.h5$/, '')}.${what}.h5`);
  for (const file of [out, ...(raw === undefined ? [] : [darks!, truth!])])
    if (existsSync(file) && !replace)
      throw new UserError('exists already', { file, remedy: 'choose another name, or say --replace' });
  const source = simulateFramesParallel(frames, workers);
  try {
    if (raw === undefined) return await writeSimulated(out, source, frames, compression, emit);
    const [low, high] = source.settings.wavelength;
    const photonEnergyEv = Math.round(wavelengthOfEnergy((low + high) / 2));
    const words = rawSimulation(source, raw, photonEnergyEv / 1000, frames.seed, cells);
    const summary = await writeSimulated(out, words.source, frames, compression, emit, words.options);
    await words.writeDarks(darks!, compression);
    await words.writeTruth(truth!);
    return { ...summary, raw: { photonEnergyEv, darks: darks!, truth: truth! } };
  } finally {
    await source.close();
  }
}

/** A shard of the same frames, as a part in `folder`. Throws `UserError`. */
export async function simulateShard(
  folder: string,
  { frames, compression, workers, raw, cells }: SimulateRequest,
  wish: ShardWish,
  emit: Emit,
): Promise<ShardOutcome> {
  if (raw !== undefined)
    throw new UserError('cannot be made in shards', { field: '--raw', remedy: 'leave out --shard' });
  checkCells(raw, cells);
  const plan = shardPlan('simulate', wish, frames.count, { ...frames, compression, version: version() }, {});
  const source = simulateFramesParallel(frames, workers);
  try {
    return await runShard(folder, plan, wish, async (range) => {
      if (range.to === range.from) return { files: [], facts: { frames: 0, hits: 0 } };
      const out = partPath(folder, wish, 'h5');
      const part: SimulatedSource = {
        ...source,
        ...frameRange(source, range),
        lattices: (index) => source.lattices(range.from + index),
      };
      const { file, ...facts } = await writeSimulated(out, part, frames, compression, emit);
      return { files: [file], facts };
    });
  } finally {
    await source.close();
  }
}

async function writeSimulated(
  out: string,
  source: SimulatedSource,
  frames: SimulateOptions,
  compression: Compression,
  emit: Emit,
  { attributes, more }: RawSimulation['options'] = {},
): Promise<SimulationSummary> {
  const progress = beginStage(emit, 'Simulate');
  await writeFrames(out, source, {
    compression,
    styles: source.settings.detectors,
    lattices: (index) => source.lattices(index),
    attributes: {
      generator: `vetoc ${version()} simulate`,
      seed: frames.seed,
      options_json: JSON.stringify(frames),
      class_rule: classRule(source),
      ...attributes,
    },
    ...(more === undefined ? {} : { more }),
    onFrame: (done, total) => {
      progress.update(done, total, { of: 'frames' });
    },
  });
  const summary = summarize(out, source);
  progress.finish({ kind: 'simulated', frames: summary.frames, hits: summary.hits, file: out });
  return summary;
}
