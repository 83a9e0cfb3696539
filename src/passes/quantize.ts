/**
 * From a prepared float graph and its ranges to the fixed graph: weights by least squares, biases at accumulator
 * resolution, one rounding a stage, every accumulator proved. Pure: the same input gives the same bits.
 */
import type { Ranges } from '../calibrate/ranges.js';
import { format as fixedFormat, fractionBits, sameFormat, type Format } from '../fixed/format.js';
import { UserError } from '../core/errors.js';
import { createFixedGraphBuilder, isUnproven } from '../ir/build.js';
import type { NodeId } from '../ir/common.js';
import { quantizerOf, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import { sameModules } from '../ir/modules.js';
import { isPreprocess, isTabled, isWeighted } from '../ir/ops/index.js';
import { MOST_TABLE_BITS } from '../ir/ops/table.js';
import { MOST_STATED_BITS } from './as-stated.js';
import { assignFormats, assignWidths, preservesFormat, type QuantizeOptions } from './assign-formats.js';
import { checkExactness } from './check-exactness.js';
import { nearestWeights, type WeightChooser } from './choose-weights.js';
import { commonFormat, exactFormat } from './exact-formats.js';
import { fixedNode, type Context } from './fixed-stage.js';
import { roundingNothing } from './no-ties.js';
import { MOST_BITS, type Quantization } from './recipe.js';
import { freshId } from './rewrite.js';
import { fuseStages, type Stage } from './stages.js';
import { noteFloat32, otherFormat, statedStages, type Departure } from './stated-stages.js';

/** `from` with no more bits than a table can be asked with, the lowest of them dropped. */
const forTable = (from: Format): Format =>
  from.width <= MOST_TABLE_BITS ? from : { ...from, width: MOST_TABLE_BITS };

/** `id` in `format`: itself, or a new `requantize` node behind it. */
function requantized(context: Context, id: NodeId, format: Format): NodeId {
  if (sameFormat(context.builder.output(id).format, format)) return id;
  const cast = freshId(context.taken, `${id}_cast`);
  context.taken.add(cast);
  const modules = sameModules(context.builder.node(id));
  return context.builder.add({ id: cast, kind: 'requantize', inputs: [id], ...modules, format });
}

/** Any format: that of a stage whose sums are asked for before it has one. */
const PROVISIONAL = fixedFormat(true, MOST_STATED_BITS, MOST_STATED_BITS);

/** The format that holds what `stage` computes without rounding; null where there is none. */
function unroundedFormat(context: Context, stage: Stage, inputs: readonly NodeId[]): Format | null {
  const { node, activation } = stage;
  if (isPreprocess(node)) return node.format;
  if (isTabled(node)) return null;
  const read = inputs.map((id) => context.builder.output(id));
  if (node.kind === 'concat') return commonFormat(read);
  if (preservesFormat(stage)) return read[0]!.format;
  if (isWeighted(node) && context.stated?.weightsOf(stage, node, read[0]!) === null) return null;
  const provisional = fixedNode(context, stage, inputs, PROVISIONAL);
  return isUnproven(provisional)
    ? exactFormat(provisional, read, {
        reloadable: context.exactness.reloadable,
        signed: stage.tensor === context.graph.output,
        limits: activation?.kind === 'clip' ? activation : null,
      })
    : null;
}

/** The format of the output of `stage`: as the network's file states it, or by calibration. */
function formatFor(context: Context, stage: Stage, inputs: readonly NodeId[]): Format {
  const { stated, graph } = context;
  const calibrated = (): Format => {
    const format = context.formats().get(stage.id)!;
    return context.noTies && (stage.node.kind === 'add' || preservesFormat(stage))
      ? roundingNothing(
          format,
          inputs.map((id) => context.builder.output(id)),
        )
      : format;
  };
  if (isPreprocess(stage.node)) {
    if (quantizerOf(graph, stage.tensor) !== null) stated?.note(stage, otherFormat(graph, stage));
    return stage.node.format;
  }
  if (stated === null) return calibrated();
  const rounded = stated.formatOf(stage);
  if (rounded !== null) return rounded;
  const isRounded = quantizerOf(graph, stage.tensor) !== null;
  const exact = isRounded ? null : unroundedFormat(context, stage, inputs);
  if (exact !== null) return exact;
  stated.note(stage, otherFormat(graph, stage));
  return calibrated();
}

function addStage(context: Context, stage: Stage): void {
  let inputs = stage.inputs.map((id) => context.holder.get(id)!);
  const format = formatFor(context, stage, inputs);
  if (stage.node.kind === 'concat') inputs = inputs.map((id) => requantized(context, id, format));
  if (isTabled(stage.node))
    inputs = inputs.map((id) => requantized(context, id, forTable(context.builder.output(id).format)));
  const node = fixedNode(context, stage, inputs, format);
  const read = inputs.map((id) => context.builder.output(id));
  if (isUnproven(node)) {
    checkExactness(node, read, context.exactness);
    if (context.stated !== null) noteFloat32(context.stated, stage, node, read);
  } else if (node.kind === 'table')
    context.stated?.note(
      stage,
      'it is a table of the nearest values, which the original computes in float32',
    );
  context.builder.add(node);
  context.holder.set(stage.id, preservesFormat(stage) ? requantized(context, stage.id, format) : stage.id);
}

/**
 * The fixed graph of a prepared float graph (see `prepareGraph`) under `ranges`. Throws `UserError` for widths
 * outside 2–16, unknown layer names, ranges of another network, and a stage that cannot be exact in float32.
 */
export function quantizeGraph(
  graph: FloatGraph,
  ranges: Ranges,
  options: QuantizeOptions,
  choose: WeightChooser = nearestWeights,
  onDeparture: (departure: Departure) => void = () => undefined,
): FixedGraph {
  const stages = fuseStages(graph);
  let formats: ReadonlyMap<NodeId, Format> | null = null;
  return built(graph, stages, {
    quantization: options.quantization,
    choose,
    onDeparture,
    formats: () => (formats ??= assignFormats(graph, stages, ranges, options)),
  });
}

class Uncalibrated extends Error {}

/**
 * The fixed graph that the file of `graph`, prepared with the same `quantization`, states; null where a part of it has to
 * be calibrated.
 */
export function quantizeAsStated(
  graph: FloatGraph,
  quantization: Quantization,
  onDeparture: (departure: Departure) => void,
): FixedGraph | null {
  const formats = (): never => {
    throw new Uncalibrated();
  };
  try {
    return built(graph, fuseStages(graph), { quantization, choose: nearestWeights, onDeparture, formats });
  } catch (error) {
    if (error instanceof Uncalibrated) return null;
    throw error;
  }
}

interface Request extends Pick<Context, 'formats' | 'choose'> {
  readonly quantization: Quantization;
  readonly onDeparture: (departure: Departure) => void;
}

function built(graph: FloatGraph, stages: readonly Stage[], request: Request): FixedGraph {
  const { quantization, choose, formats } = request;
  const { reloadable, float32 } = quantization;
  const widths = assignWidths(stages, quantization);
  const widest = Math.max(0, ...[...widths.values()].map(({ weightBits }) => weightBits));
  if (quantization.noTies && widest >= MOST_BITS)
    throw new UserError(`weights of ${widest} bits have no bit left for sums without ties`, {
      field: 'quantization.noTies',
      remedy: `give weights of up to ${MOST_BITS - 1} bits`,
    });
  if (quantization.noTies && reloadable)
    throw new UserError('weights that may be exchanged have ties or not as they please', {
      field: 'quantization.noTies',
      remedy: 'leave out noTies or reloadable',
    });
  const context: Context = {
    graph,
    builder: createFixedGraphBuilder(reloadable),
    formats,
    noTies: quantization.noTies,
    stated: statedStages(graph, quantization, request.onDeparture),
    widths,
    choose,
    exactness: { reloadable, float32 },
    holder: new Map(),
    taken: new Set(graph.nodes.map((n) => n.id)),
  };
  for (const stage of stages) addStage(context, stage);
  const outputStage = stages.find((s) => s.tensor === graph.output)!;
  const output = context.holder.get(outputStage.id)!;
  const unit = 2 ** -fractionBits(context.builder.output(output).format);
  return context.builder.build({
    name: graph.name,
    output,
    classNames: graph.classNames,
    hitClasses: graph.hitClasses,
    // The least integer score that is a real score of at least the threshold; `+ 0` turns -0 into 0.
    threshold: Math.ceil(graph.threshold / unit) + 0,
  });
}
