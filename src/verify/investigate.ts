/**
 * Looking again at a frame on which a witness differed: where the difference starts, what went into it, and the least
 * frame that shows it.
 */
import { inputNode, type FixedGraph } from '../ir/graph.js';
import type { PrescaleQuestion } from '../ir/prescale.js';
import type { Witness } from '../simulate/witness.js';
import { compareResults, describeDivergence, explainDivergence, type Divergence } from './divergence.js';
import { mapsOf, type NamedFrame } from './frames.js';
import { minimizeFrame } from './minimize.js';
import type { Trace } from './trace.js';

/** A frame that differed when it was compared, and where. */
export interface Suspicion {
  readonly frame: number;
  readonly named: NamedFrame;
  /** With which prescale. */
  readonly prescale: PrescaleQuestion;
  readonly divergence: Divergence;
}

/** The smallest frame found that still shows the difference: its pixels that are not 0. */
export interface MinimalFrame {
  readonly pixels: readonly { readonly y: number; readonly x: number; readonly value: number }[];
  readonly divergence: Divergence;
}

export interface FirstDifference extends Divergence {
  /** Number and name of the frame. */
  readonly frame: number;
  readonly frameName: string;
  readonly text: string;
  /** What went into the element, by the interpreter's tensors; null for the decision. */
  readonly trace: Trace | null;
  readonly minimal: MinimalFrame | null;
}

export interface Investigation {
  readonly first: FirstDifference;
  /** What the witness died of when asked again. */
  readonly failed: string | null;
}

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** Where each of `frames` differs, by all tensors. */
type Compare = (frames: readonly Uint16Array[]) => Promise<readonly (Divergence | null)[]>;

async function leastFrame(
  { named }: Suspicion,
  width: number,
  divergence: Divergence,
  compare: Compare,
  budget: number,
): Promise<MinimalFrame> {
  const differs = async (frames: readonly Uint16Array[]): Promise<readonly boolean[]> =>
    (await compare(frames)).map((d) => d?.stage === divergence.stage);
  const least = await minimizeFrame(named.pixels, width, differs, budget);
  const [again] = await compare([least]);
  const pixels = [...least].flatMap((value, i) =>
    value === 0 ? [] : [{ y: Math.floor(i / width), x: i % width, value }],
  );
  return { pixels, divergence: again ?? divergence };
}

/** Asks both again about the frame of `suspicion`; `budget` frames at most are tried for a smaller one. */
export async function investigate(
  graph: FixedGraph,
  definition: Witness,
  witness: Witness,
  suspicion: Suspicion,
  budget: number,
): Promise<Investigation> {
  const { frame, named, prescale } = suspicion;
  const compare: Compare = async (frames) => {
    const [expected, found] = await Promise.all(
      [definition, witness].map((w) =>
        w.run(frames, {
          tensors: true,
          prescale: frames.map(() => prescale),
          ...mapsOf(frames.map(() => named)),
        }),
      ),
    );
    return frames.map((_, i) => compareResults(graph, expected![i]!, found![i]!).first);
  };
  const [result] = await definition.run([named.pixels], { tensors: true, ...mapsOf([named]) });
  const describe = (divergence: Divergence, remark = ''): FirstDifference => ({
    ...divergence,
    frame,
    frameName: named.name,
    text: `${named.name}: ${describeDivergence(graph, divergence)}${remark}`,
    trace: explainDivergence(graph, result!.tensors, divergence),
    minimal: null,
  });
  try {
    const [divergence] = await compare([named.pixels]);
    // Something outlived the frame before: no frame of its own would show it.
    if (divergence === null || divergence === undefined)
      return {
        first: describe(suspicion.divergence, '; asked again it was right: it depends on the frames before'),
        failed: null,
      };
    const first = describe(divergence);
    if (budget === 0) return { first, failed: null };
    const minimal = await leastFrame(suspicion, inputNode(graph).size[1], divergence, compare, budget);
    return { first: { ...first, minimal }, failed: null };
  } catch (error) {
    return {
      first: describe(suspicion.divergence, '; asked again it broke down'),
      failed: asError(error).message,
    };
  }
}
