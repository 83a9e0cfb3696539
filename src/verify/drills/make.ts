/**
 * Drills: tensors of mantissas that drive every summing stage alone to the ends of its accumulators and onto its
 * rounding ties, a calibration through its cases, and every table through all of its entries, all stages at once, several channels to a tensor. What is left
 * of a tensor is random within its range.
 */
import { createRandom, type Random } from '../../core/random.js';
import { elements, type NodeId } from '../../ir/common.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import { isGiven } from '../../ir/ops/index.js';
import { analyseRanges, type Range } from '../../ir/prove.js';
import type { Drill } from '../../simulate/witness.js';
import type { Aim } from './aim.js';
import { aimCalibration, calibrationsOf, type PendingCalibration } from './calibration.js';
import { aimCommonMode, commonModesOf, type PendingCommonMode } from './common-mode.js';
import { decisionLogits } from './decision.js';
import { goalsOf, valuesFor, wishText, type Goal } from './goals.js';
import { createStageMeter, type StageDrills, type StageMeter } from './meter.js';
import { accumulatorOf, fieldsOf, sumOf, sumStages, type SumStage } from './sums.js';

export interface DrillOptions {
  /** Drills made at most. */
  readonly most: number;
  readonly seed: number;
}

export interface MadeDrill extends Drill {
  readonly aims: readonly Aim[];
}

/** A goal and the position that it was given. */
interface Placed extends Goal {
  readonly position: readonly [number, number];
}

interface Pending {
  readonly stage: SumStage;
  readonly meter: StageMeter;
  /** What each tensor that is still to be made aims at. */
  readonly sets: (readonly Placed[])[];
  done: number;
}

/** The goals of a stage, cut into those that one set of input tensors has room for. */
function placedGoals(stage: SumStage): (readonly Placed[])[] {
  const { positions, classOf } = fieldsOf(stage);
  const used = new Map<number, number>();
  const sets: Placed[][] = [];
  for (const goal of goalsOf(stage)) {
    const kind = classOf(goal.channel);
    const place = used.get(kind) ?? 0;
    used.set(kind, place + 1);
    const set = Math.floor(place / positions.length);
    sets[set] ??= [];
    sets[set].push({ ...goal, position: positions[place % positions.length]! });
  }
  return sets;
}

function randomTensor(length: number, { low, high }: Range, random: Random): Int32Array {
  const values = new Int32Array(length);
  for (let i = 0; i < length; i++) values[i] = random.integer(low, high);
  return values;
}

/** Writes the inputs that fulfil `placed` into `given`, and counts what they came to. */
function aimAt(
  { stage, meter }: Pending,
  placed: readonly Placed[],
  given: ReadonlyMap<NodeId, Int32Array>,
  random: Random,
): Aim[] {
  const aims: Aim[] = [];
  for (const goal of placed) {
    const sum = sumOf(stage, goal.position, goal.channel);
    const outcome = valuesFor(stage, sum, goal, random);
    if (outcome.kind !== 'found') {
      meter.noTie(outcome.kind);
      continue;
    }
    const places = sum.factor === null ? sum.terms : [...sum.terms, sum.factor];
    places.forEach(({ source, index }, i) => (given.get(source)![index] = outcome.values[i]!));
    const [y, x] = goal.position;
    aims.push({ stage: stage.node.id, y, x, channel: goal.channel, text: wishText(goal) });
  }
  // Counted when all is written: what one goal wrote over another's would show here.
  const found = new Set(aims.map((a) => `${a.channel} ${a.text}`));
  for (const goal of placed) {
    if (!found.has(`${goal.channel} ${wishText(goal)}`)) continue;
    meter.reached(goal, accumulatorOf(sumOf(stage, goal.position, goal.channel), given));
  }
  return aims;
}

/** A table, which is asked with every value that its input can have, one tensor after the other. */
interface PendingTable {
  readonly id: NodeId;
  readonly input: NodeId;
  /** Values that the input can have. */
  readonly range: Range;
  /** How many of them were asked. */
  asked: number;
}

const tablesOf = (graph: FixedGraph): PendingTable[] => {
  const ranges = analyseRanges(graph);
  return graph.nodes.flatMap((node): PendingTable[] => {
    if (node.kind !== 'table' && node.kind !== 'lut') return [];
    return [{ id: node.id, input: node.inputs[0]!, range: ranges.get(node.id)!.inputs[0]!.range, asked: 0 }];
  });
};

const isAsked = ({ range: { low, high }, asked }: PendingTable): boolean => asked > high - low;

/** The next values of `table`'s input, from its least one again after the greatest. */
function nextValues(table: PendingTable, length: number): Int32Array {
  const { low, high } = table.range;
  const { asked } = table;
  table.asked += length;
  return Int32Array.from({ length }, (_, i) => low + ((asked + i) % (high - low + 1)));
}

/** A stage that is driven through cases of its own, several to a drill. */
const isCaseLeft = ({ asked, cases }: PendingCalibration | PendingCommonMode): boolean =>
  asked < cases.length;

export interface Drills {
  /** Made when their turn comes. */
  readonly drills: Iterable<MadeDrill>;
  /** What those made so far show, stage by stage. */
  readonly stages: () => readonly StageDrills[];
}

export function createDrills(graph: FixedGraph, { most, seed }: DrillOptions): Drills {
  const random = createRandom(seed).fork('drills');
  const shapes = fixedShapes(graph);
  const ranges = analyseRanges(graph);
  const pending = sumStages(graph).map((stage): Pending => ({
    stage,
    meter: createStageMeter(stage),
    sets: placedGoals(stage),
    done: 0,
  }));
  const open = (): Pending[] => pending.filter(({ sets, done }) => done < sets.length);
  const tables = tablesOf(graph);
  const casedStages = [
    ...calibrationsOf(graph, random.fork('calibrations')),
    ...commonModesOf(graph, random.fork('common modes')),
  ];

  /** One set of each stage whose inputs no other stage of this drill has taken; those that had least come first. */
  function next(base: ReadonlyMap<NodeId, Int32Array>, first: boolean): MadeDrill {
    const given = new Map(base);
    const taken = new Set<NodeId>();
    const stages = new Set<NodeId>(first ? graph.nodes.filter((n) => !isGiven(n)).map((n) => n.id) : []);
    const aims: Aim[] = [];
    for (const p of open().sort((a, b) => a.done / a.sets.length - b.done / b.sets.length)) {
      const { id, inputs } = p.stage.node;
      if (inputs.some((i) => taken.has(i))) continue;
      for (const i of inputs) {
        taken.add(i);
        given.set(i, base.get(i)!.slice());
      }
      stages.add(id);
      aims.push(...aimAt(p, p.sets[p.done++]!, given, random));
    }
    for (const cased of casedStages) {
      if (!isCaseLeft(cased) || cased.inputs.some((i) => taken.has(i))) continue;
      for (const i of cased.inputs) {
        taken.add(i);
        given.set(i, base.get(i)!.slice());
      }
      stages.add(cased.id);
      aims.push(
        ...('columns' in cased ? aimCommonMode(graph, cased, given) : aimCalibration(graph, cased, given)),
      );
    }
    for (const table of tables) {
      if (isAsked(table) || taken.has(table.input)) continue;
      taken.add(table.input);
      given.set(table.input, nextValues(table, base.get(table.input)!.length));
      stages.add(table.id);
    }
    return { given, stages, aims };
  }

  function* all(): Generator<MadeDrill> {
    const base = new Map(
      graph.nodes.map((n) => [
        n.id,
        randomTensor(elements(shapes.get(n.id)!), ranges.get(n.id)!.range, random),
      ]),
    );
    const logits = decisionLogits(graph, ranges.get(graph.output)!.range);
    const isLeft = (): boolean => open().length > 0 || !tables.every(isAsked) || casedStages.some(isCaseLeft);
    for (let n = 0; n < most && (n < logits.length || isLeft()); n++) {
      const output = logits[n] ?? base.get(graph.output)!;
      yield next(new Map([...base, [graph.output, output]]), n === 0);
    }
    for (const { sets, done, meter } of pending)
      meter.leftOut(sets.slice(done).reduce((sum, set) => sum + set.length, 0));
  }

  return { drills: all(), stages: () => pending.map(({ meter }) => meter.result()) };
}
