/** Two finished runs side by side. */
import { designHls } from '../../backends/dataflow/design.js';
import { summarize } from '../../backends/hls/summary.js';
import { UnsupportedError, UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import type { FrameSource } from '../../data/frames.js';
import { formatToString, lsb } from '../../fixed/format.js';
import { findNode, inputNode, veto, type FixedGraph } from '../../ir/graph.js';
import type { NamedEvaluation } from '../../report/evaluation.js';
import {
  runDifferencePage,
  type Beside,
  type PairedRuns,
  type RunDifference,
} from '../../report/run-difference.js';
import { mcnemar } from '../../statistics/mcnemar.js';
import { evaluate, hitOrMissOnly } from '../../statistics/metrics.js';
import { likeOwn } from '../own-firmware.js';
import { loadFpga } from '../../targets/load.js';
import { beginStage, type Emit } from '../events.js';
import { loadRun, type Run } from '../folder.js';
import type { FrameOptionValues } from '../frame-options.js';
import { checkFrameSize, knownLabels, labelledByClass } from '../frames-for-network.js';
import { openFrameArguments } from '../open-frames.js';
import { openRunFrames } from '../stages/frames.js';
import { scoreFixed } from '../stages/score.js';
import { differences } from './differences.js';

export interface DiffRequest extends FrameOptionValues {
  /** Frames to decide with both; the test frames of the left run unless given. */
  readonly frames?: readonly string[];
  /** File for a page. */
  readonly html?: string;
}

/** Frames that both decide, and which they are. */
interface Common {
  readonly source: FrameSource;
  readonly indices: readonly number[];
  readonly which: string;
}

async function commonFrames(left: Run, right: Run, request: DiffRequest, emit: Emit): Promise<Common> {
  const { frames } = request;
  if (frames !== undefined) {
    const { source } = await openFrameArguments(frames, request, emit);
    const indices = Array.from({ length: source.count }, (_, i) => i);
    return { source, indices, which: `All ${indices.length} frames of ${source.name}.` };
  }
  const { source, partition } = await openRunFrames(left.recipe, emit);
  const split = ({ recipe }: Run): string =>
    JSON.stringify([recipe.frames, recipe.split, recipe.seed, recipe.classes]);
  const seen =
    split(left) === split(right)
      ? 'They are test frames of both.'
      : `${right.dir} was made with other frames, another split or another seed: it may have been trained on some of them.`;
  return {
    source,
    indices: partition.test,
    which: `The ${partition.test.length} test frames of ${left.dir}. ${seen}`,
  };
}

async function measured(
  { dir, fixed }: Run,
  { source, indices }: Common,
  emit: Emit,
): Promise<{ readonly kept: ReadonlyMap<number, boolean>; readonly evaluation: NamedEvaluation | null }> {
  checkFrameSize(source, fixed);
  const progress = beginStage(emit, `Decide with ${dir}`);
  const logits = await scoreFixed(fixed, source, indices, progress);
  progress.finish({ kind: 'counted', what: 'frames', count: logits.length });
  const { hitClasses, threshold } = fixed;
  const of = new Map(indices.map((index, k) => [index, logits[k]!]));
  const kept = new Map([...of].map(([index, row]) => [index, veto(row, hitClasses) >= threshold]));
  const known = knownLabels(source, fixed);
  const asked = known.indices.map((index, k) => ({ index, label: known.labels[k]! })).filter(({ index }) => of.has(index)); // prettier-ignore
  if (asked.length === 0) return { kept, evaluation: null };
  const input = {
    logits: asked.map(({ index }) => of.get(index)!),
    labels: asked.map(({ label }) => label),
    hitClasses,
    threshold,
    unit: lsb(findNode(fixed, fixed.output).format),
  };
  const evaluation = evaluate(labelledByClass(source, fixed) ? input : hitOrMissOnly(input));
  return { kept, evaluation: { name: dir, evaluation, grouped: [] } };
}

/** What two runs make of the same labelled frames. */
async function pairedRuns(left: Run, right: Run, common: Common, emit: Emit): Promise<PairedRuns | null> {
  const [a, b] = [await measured(left, common, emit), await measured(right, common, emit)];
  if (a.evaluation === null || b.evaluation === null) return null;
  const judged = common.indices.filter((i) => common.source.label(i).hit !== null);
  const tally = (hit: boolean): PairedRuns['hits'] => {
    const counts: [number, number, number, number] = [0, 0, 0, 0];
    for (const i of judged.filter((index) => common.source.label(index).hit === hit)) {
      const [byLeft, byRight] = [a.kept.get(i) === hit, b.kept.get(i) === hit];
      counts[byLeft ? (byRight ? 0 : 1) : byRight ? 2 : 3] += 1;
    }
    return counts;
  };
  const [hits, misses] = [tally(true), tally(false)];
  return {
    frames: judged.length,
    which: common.which,
    hits,
    misses,
    pHits: mcnemar(hits[1], hits[2]),
    pAll: mcnemar(hits[1] + misses[1], hits[2] + misses[2]),
    evaluations: [a.evaluation, b.evaluation],
  };
}

function formatRows(left: FixedGraph, right: FixedGraph): readonly Beside[] {
  const of = (graph: FixedGraph, id: string): string => {
    const node = graph.nodes.find((n) => n.id === id);
    if (node === undefined) return '–';
    const weights = 'weights' in node ? `, weights of ${node.weights.width} bits` : '';
    return `${formatToString(node.format)}${weights}`;
  };
  const ids = [...new Set([...left.nodes, ...right.nodes].map((n) => n.id))];
  return ids
    .map((id) => ({ what: id, left: of(left, id), right: of(right, id) }))
    .filter((row) => row.left !== row.right);
}

/** Area, frame rate and latency; what cannot be built says why. */
async function figuresOf({ fixed, recipe }: Run): Promise<ReadonlyMap<string, string>> {
  const target = await loadFpga(recipe.target);
  const count = (n: number): string => Math.ceil(n).toLocaleString('en-US');
  try {
    const { timing, estimate } = summarize(designHls(fixed, likeOwn(recipe, { target })));
    const { lut, ff, dsp, bram36 } = estimate.total;
    return new Map([
      ['board', target.title],
      ['LUT', count(lut)],
      ['FF', count(ff)],
      ['DSP', count(dsp)],
      ['BRAM36', count(bram36)],
      ['frames a second', count(Math.floor(timing.framesPerSecond))],
      ['decision after the last pixel', `${timing.lastPixelMicroseconds.toFixed(2)} µs`],
    ]);
  } catch (error) {
    if (!(error instanceof UserError || error instanceof UnsupportedError)) throw error;
    return new Map([
      ['board', target.title],
      ['firmware', error.message],
    ]);
  }
}

async function firmwareRows(left: Run, right: Run): Promise<readonly Beside[]> {
  const [a, b] = [await figuresOf(left), await figuresOf(right)];
  return [...new Set([...a.keys(), ...b.keys()])].map((what) => ({
    what,
    left: a.get(what) ?? '–',
    right: b.get(what) ?? '–',
  }));
}

/** Compares the runs in two folders, and writes the page where one is asked for. Throws `UserError`. */
export async function diffRuns(
  leftDir: string,
  rightDir: string,
  request: DiffRequest,
  emit: Emit,
): Promise<RunDifference> {
  const [left, right] = [await loadRun(leftDir), await loadRun(rightDir)];
  const sizes = [left, right].map(({ fixed }) => inputNode(fixed).size.join(' × '));
  const same = sizes[0] === sizes[1];
  const paired = same ? await onCommonFrames(left, right, request, emit) : null;
  const found: RunDifference = {
    left: leftDir,
    right: rightDir,
    recipe: differences(left.recipe, right.recipe).map(({ path, ...row }) => ({
      what: path,
      left: row.left ?? '–',
      right: row.right ?? '–',
    })),
    formats: formatRows(left.fixed, right.fixed),
    firmware: await firmwareRows(left, right),
    paired,
    unpaired: same
      ? 'The frames carry no labels: there is nothing to compare the decisions with.'
      : `The runs take frames of ${sizes[0]!} and of ${sizes[1]!}: no frame can be decided by both.`,
  };
  if (request.html !== undefined) await writeFileAtomic(request.html, runDifferencePage(found));
  return found;
}

async function onCommonFrames(
  left: Run,
  right: Run,
  request: DiffRequest,
  emit: Emit,
): Promise<PairedRuns | null> {
  const common = await commonFrames(left, right, request, emit);
  try {
    return await pairedRuns(left, right, common, emit);
  } finally {
    await common.source.close();
  }
}
