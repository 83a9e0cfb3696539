/**
 * Chooses the format of every stage's output before anything is built: widths from the recipe, integer bits from
 * calibration, the sign from the structure. What a concatenation or the logits need is passed back through pools.
 */
import { UserError } from '../core/errors.js';
import { chooseIntegerBits, type ObserverOptions } from '../calibrate/observers.js';
import type { Ranges } from '../calibrate/ranges.js';
import { format, fractionBits, sameFormat, type Format } from '../fixed/format.js';
import type { NodeId } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';
import { LEAST_BITS, MOST_BITS, type LayerWidths, type Quantization } from './recipe.js';
import {
  isActivation,
  isNonNegative,
  isPreprocess,
  isTabled,
  isWeighted,
  traitsOf,
} from '../ir/ops/index.js';
import { MOST_TABLE_BITS } from '../ir/ops/table.js';
import type { Stage } from './stages.js';

export interface QuantizeOptions {
  readonly quantization: Quantization;
  readonly observer: ObserverOptions;
}

/** Whether the stage's output has the format of its inputs. */
export const preservesFormat = (stage: Stage): boolean => traitsOf(stage.node).keepsFormat !== undefined;

/** Per stage: whether its output cannot be negative, by structure and for every frame. */
function nonNegativeStages(stages: readonly Stage[]): ReadonlySet<NodeId> {
  const known = new Set<NodeId>();
  for (const { id, node, activation, inputs } of stages) {
    const last = activation ?? node;
    const yes = isPreprocess(last)
      ? !last.format.signed
      : isActivation(last)
        ? isNonNegative(last)
        : traitsOf(last).keepsSign !== undefined && inputs.every((i) => known.has(i));
    if (yes) known.add(id);
  }
  return known;
}

/** Which widths a layer has, its exceptions applied. */
export interface Widths {
  readonly weightBits: number;
  readonly activationBits: number;
  readonly activationInteger: number | null;
}

/** What the recipe says of the layer of `stage` alone. */
export function layerWidths(stage: Stage, q: Quantization): LayerWidths {
  return { ...q.layers[stage.id], ...(stage.tensor === stage.id ? {} : q.layers[stage.tensor]) };
}

function checkWidths(stages: readonly Stage[], q: Quantization): void {
  const names = new Set<string>(stages.flatMap((s) => [s.id, s.tensor]));
  const unknown = Object.keys(q.layers).filter((name) => !names.has(name));
  if (unknown.length > 0)
    throw new UserError(`no layer is called ${unknown.join(', ')}`, {
      field: 'quantization.layers',
      remedy: `the layers are ${[...names].join(', ')}`,
    });
  const given = [
    q.weightBits,
    q.activationBits,
    ...Object.values(q.layers).flatMap((l) => [l.weightBits, l.activationBits]),
  ];
  const bad = given.find((b) => b !== undefined && (!Number.isInteger(b) || b < LEAST_BITS || b > MOST_BITS));
  if (bad !== undefined)
    throw new UserError(`a width of ${bad} bits`, {
      field: 'quantization',
      remedy: `use ${LEAST_BITS} to ${MOST_BITS} bits`,
    });
}

/** Bits that a table reads beyond those that it writes, where they are not given: the first of two roundings. */
const TABLE_GUARD_BITS = 2;

/** The stages that only tables read. */
function tableInputs(stages: readonly Stage[]): ReadonlySet<NodeId> {
  const tables = new Set(stages.filter((s) => isTabled(s.node)).flatMap((s) => s.inputs));
  for (const { node, inputs } of stages) if (!isTabled(node)) for (const id of inputs) tables.delete(id);
  return tables;
}

/** Widths of every stage behind the preprocessing. */
export function assignWidths(stages: readonly Stage[], q: Quantization): ReadonlyMap<NodeId, Widths> {
  checkWidths(stages, q);
  const weighted = stages.filter((s) => isWeighted(s.node));
  const first = weighted[0]?.id;
  const last = weighted.at(-1)?.id;
  const beforeTables = tableInputs(stages);
  const widths = new Map<NodeId, Widths>();
  for (const stage of stages) {
    if (isPreprocess(stage.node)) continue;
    const own = layerWidths(stage, q);
    const edge = q.edgeBits;
    const usual = edge !== null && stage.id === first ? edge : q.activationBits;
    const guarded = Math.min(usual + TABLE_GUARD_BITS, MOST_TABLE_BITS);
    widths.set(stage.id, {
      weightBits:
        own.weightBits ?? (edge !== null && (stage.id === first || stage.id === last) ? edge : q.weightBits),
      activationBits: own.activationBits ?? (beforeTables.has(stage.id) ? guarded : usual),
      activationInteger: own.activationInteger ?? null,
    });
  }
  return widths;
}

/** Extra integer bit of the logits: frames may be stronger than any that calibration saw. */
export const LOGIT_HEADROOM = 1;

/**
 * Bits for views of the raw frame beside each other: what the tables resolve is not thrown away before the first
 * layer. Never fewer than the widest view has; as many as hold all of them exactly, where `activationBits` allow it.
 */
function viewsWidth(views: readonly Format[], activationBits: number): number {
  const exact = Math.max(...views.map((f) => f.integer)) + Math.max(...views.map(fractionBits));
  return Math.max(...views.map((f) => f.width), Math.min(exact, activationBits));
}

/**
 * The format of every stage's output. A stage that keeps its input's format may be given another here: a
 * `requantize` node then stands behind it.
 */
export function assignFormats(
  graph: FloatGraph,
  stages: readonly Stage[],
  ranges: Ranges,
  { quantization, observer }: QuantizeOptions,
): ReadonlyMap<NodeId, Format> {
  const widths = assignWidths(stages, quantization);
  const nonNegative = nonNegativeStages(stages);
  const { rounding, overflow } = quantization;
  const byId = new Map(stages.map((s) => [s.id, s]));
  const readers = new Map<NodeId, number>();
  for (const stage of stages) for (const id of stage.inputs) readers.set(id, (readers.get(id) ?? 0) + 1);

  const fromRange = (stage: Stage, width: number, signed: boolean): Format => {
    const stats = ranges.tensors.get(stage.tensor);
    if (stats === undefined)
      throw new UserError(`calibration knows nothing of ${stage.tensor}`, {
        remedy: 'the ranges are of another network or of other options: calibrate again',
      });
    const given = widths.get(stage.id)?.activationInteger ?? null;
    const integer = given ?? chooseIntegerBits(stats, width, signed, observer);
    // ap_ufixed has no sign to wrap by: the vendor's headers refuse it.
    const kept = !signed && overflow === 'AP_WRAP_SM' ? 'AP_WRAP' : overflow;
    return format(signed, width, integer, rounding, kept);
  };

  const formats = new Map<NodeId, Format>();
  for (const stage of stages.toReversed()) {
    if (isPreprocess(stage.node)) {
      formats.set(stage.id, stage.node.format);
      continue;
    }
    let wanted = formats.get(stage.id);
    if (wanted === undefined) {
      if (stage.tensor === graph.output) {
        const seen = fromRange(stage, quantization.logitBits, true);
        wanted = format(true, seen.width, seen.integer + LOGIT_HEADROOM, rounding, overflow);
      } else if (
        stage.node.kind === 'concat' &&
        stage.inputs.every((id) => isPreprocess(byId.get(id)!.node))
      ) {
        const views = stage.inputs.map((id) => byId.get(id)!.node).filter(isPreprocess);
        const width = viewsWidth(
          views.map((n) => n.format),
          widths.get(stage.id)!.activationBits,
        );
        wanted = fromRange(stage, width, !nonNegative.has(stage.id));
      } else if (stage.node.kind === 'concat') {
        wanted = fromRange(stage, widths.get(stage.id)!.activationBits, !nonNegative.has(stage.id));
      } else if (!preservesFormat(stage)) {
        wanted = fromRange(stage, widths.get(stage.id)!.activationBits, !nonNegative.has(stage.id));
      }
    }
    if (wanted === undefined) continue;
    formats.set(stage.id, wanted);
    // What only this stage reads is made in its format at once, rather than requantized after.
    if (preservesFormat(stage))
      for (const id of stage.inputs) if (readers.get(id) === 1 && !formats.has(id)) formats.set(id, wanted);
  }
  return settle(stages, formats);
}

/** Fills in the stages that keep whatever format their input has; concatenations of one format keep it. */
function settle(stages: readonly Stage[], wanted: ReadonlyMap<NodeId, Format>): ReadonlyMap<NodeId, Format> {
  const formats = new Map<NodeId, Format>();
  for (const stage of stages) {
    const inputs = stage.inputs.map((id) => formats.get(id)!);
    const first = inputs[0];
    const own = wanted.get(stage.id);
    const alike = stage.node.kind === 'concat' && inputs.every((f) => sameFormat(f, first!));
    formats.set(stage.id, alike || own === undefined ? first! : own);
  }
  return formats;
}
