/**
 * Frames found by trying: variants of given frames, of which those are kept that show what none has shown before (a
 * rounding tie, a saturation, a sign, a decision), and the two frames that lie closest to the threshold on its sides.
 *
 * The fast evaluator does the trying. It is no witness: whatever is found is only a frame to ask the witnesses.
 */
import type { Random } from '../core/random.js';
import type { NodeId } from '../ir/common.js';
import { createFixedEvaluator } from '../evaluate/fixed-evaluate.js';
import { inputNode, veto, type FixedGraph } from '../ir/graph.js';
import { createCoverageMeter } from './coverage.js';
import type { NamedFrame } from './frames.js';

const WHITE = 65535;

/** Values a frame of a stage that is searched for: larger stages show what they can in any few frames. */
const CHEAP = 1e6;

/** A frame made of `a` and `b`: dimmed, noisy in a block, or the one over the other. */
function variant(a: Uint16Array, b: Uint16Array, width: number, random: Random): Uint16Array {
  const height = a.length / width;
  switch (random.integer(0, 3)) {
    case 0: {
      const gain = 2 ** -random.integer(1, 10);
      return a.map((v) => Math.floor(v * gain));
    }
    case 1: {
      const row = random.integer(0, height) * width;
      return a.map((v, i) => (i < row ? v : b[i]!));
    }
    case 2: {
      const top = 2 ** random.integer(1, 16) - 1;
      const [y, x] = [random.integer(0, height - 1), random.integer(0, width - 1)];
      const side = random.integer(1, Math.max(1, Math.floor(Math.min(height, width) / 2)));
      return a.map((v, i) => {
        const inside = Math.abs(Math.floor(i / width) - y) < side && Math.abs((i % width) - x) < side;
        return inside ? random.integer(0, top) : v;
      });
    }
    default: {
      const changed = a.slice();
      for (let k = random.integer(1, 32); k > 0; k--)
        changed[random.integer(0, a.length - 1)] = random.integer(0, WHITE);
      return changed;
    }
  }
}

interface Scored {
  readonly pixels: Uint16Array;
  readonly margin: number;
}

/** The first number in (`low`, `high`] for which `holds`, which does for `high`: by bisection. */
function firstThat(low: number, high: number, holds: (n: number) => boolean): number {
  let [below, above] = [low, high];
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (holds(middle)) above = middle;
    else below = middle;
  }
  return above;
}

/** Between a vetoed and a kept frame: two frames that differ by one count of one pixel and in the decision. */
function edgeBetween(
  vetoed: Uint16Array,
  kept: Uint16Array,
  marginOf: (pixels: Uint16Array) => number,
): readonly Scored[] {
  const mixed = (count: number): Uint16Array => vetoed.map((v, i) => (i < count ? kept[i]! : v));
  const turning = firstThat(0, kept.length, (count) => marginOf(mixed(count)) >= 0) - 1;
  const base = mixed(turning);
  const [from, to] = [base[turning]!, kept[turning]!];
  const at = (step: number): Uint16Array => base.with(turning, from + Math.sign(to - from) * step);
  const steps = firstThat(0, Math.abs(to - from), (step) => marginOf(at(step)) >= 0);
  return [at(steps - 1), at(steps)].map((pixels) => ({ pixels, margin: marginOf(pixels) }));
}

/** Frames worth asking, beyond `start`, after at most `tries` evaluations of the network and some forty more. */
export function searchedFrames(
  graph: FixedGraph,
  start: readonly NamedFrame[],
  random: Random,
  tries: number,
): readonly NamedFrame[] {
  const width = inputNode(graph).size[1];
  const evaluator = createFixedEvaluator(graph);
  const meter = createCoverageMeter(graph);
  const inputsOf = new Map(graph.nodes.map((n) => [n.id, n.inputs]));
  const pool = start.map((f) => f.pixels);
  const found: NamedFrame[] = [];
  let open = meter.unseen(CHEAP);
  const nearest: { kept: Scored | null; vetoed: Scored | null } = { kept: null, vetoed: null };
  const undecided = (): boolean => nearest.kept === null || nearest.vetoed === null;

  const marginOf = (pixels: Uint16Array): number =>
    veto(
      evaluator.visit(pixels, () => undefined),
      graph.hitClasses,
    ) - graph.threshold;

  /** Counts the frame in the stages that have something left to show; what is new in it. */
  function look(pixels: Uint16Array): string[] {
    const stages = new Set(open.keys());
    const wanted = new Set<NodeId>([...stages].flatMap((id) => [id, ...inputsOf.get(id)!]));
    const tensors = new Map<NodeId, Int32Array>();
    const logits = evaluator.visit(pixels, (id, mantissas) => {
      if (wanted.has(id)) tensors.set(id, mantissas.slice());
    });
    meter.add(tensors, stages);
    const before = [...open.values()].flat();
    open = meter.unseen(CHEAP);
    const after = new Set([...open.values()].flat());
    const news = before.filter((line) => !after.has(line));
    const margin = veto(logits, graph.hitClasses) - graph.threshold;
    if (margin >= 0 && margin < (nearest.kept?.margin ?? Infinity)) nearest.kept = { pixels, margin };
    if (margin < 0 && margin > (nearest.vetoed?.margin ?? -Infinity)) nearest.vetoed = { pixels, margin };
    return news;
  }

  for (const pixels of pool) look(pixels);
  for (let k = 0; k < tries && (open.size > 0 || undecided()); k++) {
    const before = undecided();
    const pixels = variant(random.pick(pool), random.pick(pool), width, random);
    const news = look(pixels);
    if (before && !undecided()) news.push('decision: the other side of the threshold');
    if (news.length === 0) continue;
    pool.push(pixels);
    found.push({ name: `searched ${k} (${news.join('; ')})`, kind: 'adversarial', pixels });
  }
  const { kept, vetoed } = nearest;
  if (kept === null || vetoed === null) return found;
  const edge = edgeBetween(vetoed.pixels, kept.pixels, marginOf);
  return [
    ...found,
    ...edge.map(({ pixels, margin }): NamedFrame => ({
      name: `decision ${margin >= 0 ? `+${margin}` : String(margin)} from the threshold`,
      kind: 'adversarial',
      pixels,
    })),
  ];
}
