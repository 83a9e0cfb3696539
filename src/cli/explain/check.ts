/** `vetoc explain check RUN --frames …`: are the maps any good on frames whose true peaks are known? */
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { checkMaps, type CheckedFrame, type MapCheck } from '../../explain/check-maps.js';
import type { FixedGraph } from '../../ir/graph.js';
import { createOrtWitness } from '../../simulate/ort.js';
import { openBackend } from '../../tensorflow/backend.js';
import { checkFrameSize } from '../commands/evaluate.js';
import { say, sayJson, startProgress, table, type Progress } from '../console.js';
import { openFrameArguments, type FrameOptionValues } from '../frame-arguments.js';
import { evenly } from '../pipeline/frames.js';
import { loadRun } from '../run-folder.js';

export interface CheckOptionValues extends FrameOptionValues {
  readonly frames?: readonly string[];
  readonly count: number;
  readonly json?: boolean;
}

/** Frames of `indices` whose true peaks are known and that the network keeps, at most `wanted`. */
async function framesWithSpots(
  source: FrameSource,
  indices: readonly number[],
  keeps: (pixels: Uint16Array) => Promise<boolean>,
  wanted: number,
): Promise<readonly CheckedFrame[]> {
  const known = indices.filter((i) => (source.spots(i)?.length ?? 0) > 0);
  const chosen: CheckedFrame[] = [];
  for (const index of evenly(known, wanted)) {
    const { pixels } = await source.read(index);
    if (await keeps(pixels)) chosen.push({ pixels, spots: source.spots(index)! });
  }
  return chosen;
}

/** The figures of every method on hits among `indices`; empty where no peaks are known. */
export async function checkMapsOn(
  fixed: FixedGraph,
  source: FrameSource,
  indices: readonly number[],
  wanted: number,
  progress: Progress,
): Promise<readonly MapCheck[]> {
  const witness = await createOrtWitness(fixed);
  try {
    const keeps = async (pixels: Uint16Array): Promise<boolean> => (await witness.run([pixels]))[0]!.keep;
    const frames = await framesWithSpots(source, indices, keeps, wanted);
    if (frames.length === 0) return [];
    return await checkMaps(frames, {
      fixed,
      scorer: async (asked) => (await witness.run(asked)).map((r) => r.score),
      seed: 1,
      onProgress: (done, total, of) => {
        progress.update(done, total, of);
      },
    });
  } finally {
    await witness.close();
  }
}

const figure = (value: number, digits: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits));

const checkTable = (checks: readonly MapCheck[]): string =>
  table(
    ['method', 'frames', 'pointing', 'AUC', 'insertion', 'deletion', 'randomised'],
    checks.map((c) => [
      c.method,
      String(c.frames),
      `${figure(100 * c.pointing, 0)} %`,
      figure(c.auc, 3),
      figure(c.insertion, 3),
      figure(c.deletion, 3),
      figure(c.randomised.at(-1)?.correlation ?? NaN, 2),
    ]),
  );

/** Likeness to randomised networks, layer by layer. */
function likenessTable(checks: readonly MapCheck[]): string {
  const made = checks.filter((c) => c.randomised.length > 0);
  return table(
    ['randomised down to', ...made.map((c) => c.method)],
    made[0]!.randomised.map(({ downTo }, step) => [
      downTo,
      ...made.map((c) => figure(c.randomised[step]!.correlation, 2)),
    ]),
  );
}

export async function explainCheck(dir: string, options: CheckOptionValues): Promise<void> {
  const run = await loadRun(dir);
  if (options.frames === undefined)
    throw new UserError('no frames to check on', { field: '--frames', remedy: 'give --frames FILE…' });
  const { source } = await openFrameArguments(options.frames, options);
  try {
    checkFrameSize(source, run.fixed);
    const progress = startProgress('Check');
    await openBackend('auto');
    const tested = Array.from({ length: source.count }, (_, i) => i).filter(
      (i) => source.label(i).split === 'test',
    );
    const indices = tested.length > 0 ? tested : Array.from({ length: source.count }, (_, i) => i);
    const checks = await checkMapsOn(run.fixed, source, indices, options.count, progress);
    if (checks.length === 0)
      throw new UserError('has no kept frame whose true peaks are known', {
        file: source.name,
        field: '--frames',
        remedy: 'give simulated frames (vetoc simulate writes their peaks)',
      });
    progress.finish(`${checks[0]!.frames} frames`);
    if (options.json === true) sayJson(checks);
    else say(`${checkTable(checks)}\n\n${likenessTable(checks)}`);
  } finally {
    await source.close();
  }
}
