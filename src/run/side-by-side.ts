/**
 * A network beside spot finders and other networks at equal reduction: each keeps as many frames as the network does, those that it
 * ranks highest, and what counts is which hits and which patterns that can be indexed are then lost.
 *
 * A spot finder ranks by the number of spots, frames of as many spots by their strongest one (signal to noise).
 */
import { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';
import { streamFrames } from '../data/stream.js';
import { veto } from '../ir/graph.js';
import { createFrameSpotFinder } from '../spotfind/finder.js';
import { frameGeometry } from '../spotfind/geometry.js';
import type { Judged } from '../report/side-by-side.js';
import { parseSpotParameters, SPOT_ALGORITHMS, type SpotAlgorithm } from '../spotfind/parameters.js';
import { proportion, type Proportion } from '../statistics/proportion.js';
import { beginStage, type Emit } from './events.js';
import { loadRun } from './folder.js';
import { checkFrameSize } from './frames-for-network.js';
import { scoreFixed } from './stages/score.js';

/** A rank a frame: the higher, the sooner kept. */
export interface Ranking {
  readonly judge: string;
  readonly ranks: readonly number[];
  /** What the lowest frame kept has, in words. */
  readonly words: (rank: number) => string;
}

interface Truth {
  readonly hits: readonly (boolean | null)[];
  readonly indexable: readonly (boolean | null)[];
}

export function truthOf(source: FrameSource): Truth {
  const labels = Array.from({ length: source.count }, (_, i) => source.label(i));
  return { hits: labels.map(({ hit }) => hit), indexable: labels.map((l) => l.indexable ?? null) };
}

/** What becomes of the frames where `kept` are. */
export function judged(
  judge: string,
  keeps: string,
  kept: readonly boolean[],
  { hits, indexable }: Truth,
): Judged {
  const among = (of: (i: number) => boolean, wanted: boolean): Proportion => {
    const all = [...kept.keys()].filter(of);
    return proportion(all.filter((i) => kept[i] === wanted).length, all.length);
  };
  return {
    judge,
    keeps,
    framesKept: among(() => true, true),
    hitsKept: among((i) => hits[i] === true, true),
    missesRejected: among((i) => hits[i] === false, false),
    indexableKept: indexable.every((one) => one === null) ? null : among((i) => indexable[i] === true, true),
  };
}

/** The `count` frames of the highest ranks kept; of frames of one rank the first. */
export function atEqualReduction({ judge, ranks, words }: Ranking, count: number, truth: Truth): Judged {
  const order = [...ranks.keys()].sort((a, b) => ranks[b]! - ranks[a]! || a - b);
  const chosen = new Set(order.slice(0, count));
  const lowest = order[count - 1];
  const keeps = lowest === undefined ? 'nothing' : words(ranks[lowest]!);
  return judged(
    judge,
    keeps,
    [...ranks.keys()].map((i) => chosen.has(i)),
    truth,
  );
}

const isFinder = (name: string): name is SpotAlgorithm => SPOT_ALGORITHMS.some((known) => known === name);

/** Signals to noise are far below this: spots decide first. */
const STRONGEST = 1e6;

async function rankBySpots(algorithm: SpotAlgorithm, source: FrameSource, emit: Emit): Promise<Ranking> {
  const find = createFrameSpotFinder(parseSpotParameters(algorithm, []));
  const progress = beginStage(emit, algorithm);
  const ranks: number[] = [];
  for await (const { index, frame } of streamFrames(source)) {
    const { spots } = find(frame, frameGeometry(source.meta(index), undefined, frame.experiment));
    const strongest = spots.reduce((most, { snr }) => Math.max(most, Number.isFinite(snr) ? snr : 0), 0);
    ranks.push(spots.length + Math.min(strongest, STRONGEST - 1) / STRONGEST);
    progress.update(ranks.length, source.count, { of: 'frames' });
  }
  progress.finish({ kind: 'counted', what: 'frames', count: ranks.length });
  return { judge: algorithm, ranks, words: (rank) => `${Math.floor(rank)} spots or more` };
}

async function rankByRun(dir: string, source: FrameSource, emit: Emit): Promise<Ranking> {
  const { fixed } = await loadRun(dir);
  checkFrameSize(source, fixed);
  const progress = beginStage(emit, `Evaluate ${fixed.name}`);
  const indices = Array.from({ length: source.count }, (_, i) => i);
  const logits = await scoreFixed(fixed, source, indices, progress);
  progress.finish({ kind: 'counted', what: 'frames', count: logits.length });
  const ranks = logits.map((row) => veto(row, fixed.hitClasses));
  return { judge: dir, ranks, words: (rank) => `${rank} levels or more` };
}

/** Refuses what is neither a spot finder nor anything like a folder. */
export function parseJudges(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new UserError(`'${text}' names no judge between two commas`, {
    field: '--beside',
    remedy: `give folders of runs, or ${SPOT_ALGORITHMS.join(', ')}`,
  });
}

/** The labels, the network's own decisions, and each of `names` at equal reduction. Throws `UserError`. */
export async function sideBySide(
  names: readonly string[],
  {
    name,
    kept,
    threshold,
  }: { readonly name: string; readonly kept: readonly boolean[]; readonly threshold: number },
  source: FrameSource,
  emit: Emit,
): Promise<readonly Judged[]> {
  const truth = truthOf(source);
  const count = kept.filter(Boolean).length;
  const rows = [judged(name, `${threshold} levels or more`, kept, truth)];
  if (truth.hits.some((hit) => hit !== null))
    rows.unshift(
      judged(
        'the labels',
        'hits',
        truth.hits.map((hit) => hit === true),
        truth,
      ),
    );
  for (const judge of names) {
    const ranking = isFinder(judge)
      ? await rankBySpots(judge, source, emit)
      : await rankByRun(judge, source, emit);
    rows.push(atEqualReduction(ranking, count, truth));
  }
  return rows;
}
