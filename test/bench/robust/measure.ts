/** What is done to every frame, what a veto does with it, and what it should. */
import type { FrameSource } from '../../../src/data/frames.js';
import { disturbedSource, type Strengths } from '../../../src/data/nuisances/disturb.js';
import { veto, type FixedGraph } from '../../../src/ir/graph.js';
import { beginStage, silence } from '../../../src/run/events.js';
import { scoreFixed } from '../../../src/run/stages/score.js';
import { proportion } from '../../../src/statistics/proportion.js';
import { pointAt, vetoCurve } from '../../../src/statistics/veto-curve.js';

/** What the mean of the seeds should reach. */
export interface Goal {
  readonly hitMiss: number;
  /** Of the misses, where 99.5 % of the hits are kept. */
  readonly rejected?: number;
  /** At the stored threshold, the worst seed. */
  readonly mostHitsLost?: number;
}

export interface Case {
  readonly name: string;
  readonly strengths: Strengths;
  /** On the test split of a network that was trained on the train split; and of one that has seen neither crystals nor styles. */
  readonly whole?: Goal;
  readonly unseen?: Goal;
}

const ONE_LOST = { hitMiss: 0.98, mostHitsLost: 1 } as const;

/** The first leaves every frame as it is. */
export const CASES: readonly Case[] = [
  { name: 'nothing', strengths: [], whole: { hitMiss: 0.996 }, unseen: { hitMiss: 0.996 } },
  {
    name: '32 zingers',
    strengths: [['zingers', 32]],
    whole: { hitMiss: 0.995, rejected: 0.99 },
    unseen: { hitMiss: 0.993, rejected: 0.98 },
  },
  { name: 'pedestal + 10', strengths: [['pedestal', 10]] },
  { name: 'pedestal + 40', strengths: [['pedestal', 40]], whole: ONE_LOST },
  { name: 'gain × 3', strengths: [['gain', 3]], whole: ONE_LOST },
  { name: 'a third of the photons', strengths: [['photonsLost', 2 / 3]], whole: ONE_LOST },
  { name: 'background + 1', strengths: [['background', 1]] },
  { name: 'background + 5', strengths: [['background', 5]] },
  { name: 'point spread 1 px', strengths: [['pointSpread', 1]], whole: { ...ONE_LOST, hitMiss: 0.95 } },
  { name: 'binned 2×2', strengths: [['binning', 2]], whole: ONE_LOST },
  { name: 'powder rings', strengths: [['powder', 3]] },
  { name: 'bright row and column', strengths: [['brightLines', 30]] },
  { name: 'four dead bands', strengths: [['deadPanels', 4]] },
];

interface Measured {
  readonly right: number;
  readonly frames: number;
  readonly rejected: number;
  readonly misses: number;
  readonly hitsLost: number;
  readonly missesKept: number;
}

async function measure(
  graph: FixedGraph,
  source: FrameSource,
  indices: readonly number[],
): Promise<Measured> {
  const progress = beginStage(silence, 'Score');
  const scores = (await scoreFixed(graph, source, indices, progress)).map((row) =>
    veto(row, graph.hitClasses),
  );
  const isHit = indices.map((i) => source.label(i).hit === true);
  const at995 = pointAt(vetoCurve(scores, isHit), 0.995).missesRejected;
  const kept = scores.map((score) => score >= graph.threshold);
  const count = (holds: (k: number) => boolean): number => [...isHit.keys()].filter(holds).length;
  return {
    // A frame is taken for a hit where the largest logit is a hit's.
    right: count((k) => scores[k]! > 0 === isHit[k]!),
    frames: indices.length,
    rejected: at995.count,
    misses: at995.total,
    hitsLost: count((k) => isHit[k]! && !kept[k]!),
    missesKept: count((k) => !isHit[k]! && kept[k]!),
  };
}

const percent = (value: number): string => (100 * value).toFixed(1).padStart(6);
const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Mean and worst of seeds, and the 95 % interval of all of them together. */
function spread(
  part: (m: Measured) => number,
  of: (m: Measured) => number,
  all: readonly Measured[],
): string {
  const shares = all.map((m) => part(m) / of(m));
  const sum = (f: (m: Measured) => number): number => all.reduce((s, m) => s + f(m), 0);
  const { low, high } = proportion(sum(part), sum(of));
  return `${percent(meanOf(shares))} ${percent(Math.min(...shares))} [${percent(low)},${percent(high)}]`;
}

/** `reached`, or what is short of the goal; nothing without one. */
export function verdict(goal: Goal | undefined, all: readonly Measured[]): string {
  if (goal === undefined) return '';
  const short: string[] = [];
  if (meanOf(all.map((m) => m.right / m.frames)) < goal.hitMiss - 1e-12)
    short.push(`hit/miss below ${(100 * goal.hitMiss).toFixed(1)} %`);
  if (goal.rejected !== undefined && meanOf(all.map((m) => m.rejected / m.misses)) < goal.rejected - 1e-12)
    short.push(`rejected below ${(100 * goal.rejected).toFixed(1)} %`);
  if (goal.mostHitsLost !== undefined && Math.max(...all.map((m) => m.hitsLost)) > goal.mostHitsLost)
    short.push(`more than ${goal.mostHitsLost} hit lost`);
  return short.length === 0 ? 'reached' : short.join(', ');
}

/** Prints a line a case; `goals` says which goals hold for these frames. */
export async function printTable(
  title: string,
  graphs: readonly FixedGraph[],
  source: FrameSource,
  indices: readonly number[],
  goals: 'whole' | 'unseen' | null,
): Promise<void> {
  console.log(`\n${title}: ${indices.length} frames, ${graphs.length} seeds`);
  console.log(
    `${'done to every frame'.padEnd(24)}   hit/miss %: mean, worst, interval      rejected at 99.5 % of hits, likewise     hits lost  misses kept  goal`,
  );
  for (const one of CASES) {
    const from = disturbedSource(source, one.strengths, 2);
    const all: Measured[] = [];
    for (const graph of graphs) all.push(await measure(graph, from, indices));
    const list = (f: (m: Measured) => number): string => all.map(f).join(' ').padStart(10);
    const right = spread(
      (m) => m.right,
      (m) => m.frames,
      all,
    );
    const rejected = spread(
      (m) => m.rejected,
      (m) => m.misses,
      all,
    );
    const lost = `${list((m) => m.hitsLost)}  ${list((m) => m.missesKept)}`;
    const said = goals === null ? '' : verdict(one[goals], all);
    console.log(`${one.name.padEnd(24)} ${right}    ${rejected}    ${lost}  ${said}`.trimEnd());
  }
}
