/**
 * From a network's description to a float graph: shapes inferred, weights drawn (He et al. 2015, normal, fan-in)
 * from a seed. Node names follow the layers: `conv1`, `relu1`, `block2_conv1`, …
 */
import { UserError, InvariantError } from '../../core/errors.js';
import { createRandom, type Random } from '../../core/random.js';
import { elements, nodeId, type NodeId, type Shape } from '../../ir/common.js';
import { lsb } from '../../fixed/format.js';
import { floatShapes, type FloatGraph } from '../../ir/graph.js';
import { floatShape, type FloatNode } from '../../ir/ops/index.js';
import { usualFunction } from '../../ir/ops/activations/index.js';
import { verifyFloatGraph } from '../../ir/verify.js';
import type { PreprocessGraph } from './preprocess.js';
import type { Layer } from './description.js';
import { heNormal, spotFilters } from './initial-weights.js';
import { around, paddingOf } from './padding.js';

export interface NetworkClasses {
  readonly classNames: readonly string[];
  /** Per class: whether it is a hit. */
  readonly hitClasses: readonly boolean[];
}

interface Builder {
  readonly random: Random;
  readonly classes: number;
  /** The network input for one count, by input channel: what spot filters measure in. */
  readonly units: readonly number[];
  /** Appends a node, called `name` with a running number behind it. Returns its id. */
  add(name: string, node: (id: NodeId) => FloatNode): NodeId;
  shape(id: NodeId): Shape;
}

/** Upper limit of `clip`, a power of two for the same reason as below. */
const CLIP_TOP = 4;
/** Slope of `leakyRelu` below zero: a power of two, so that fixed point has it exactly. */
const LEAKY_SLOPE = 0.125;
/** Slope from which training starts where each channel has its own (He et al., arXiv:1502.01852). */
const FIRST_SLOPE = 0.25;

function createBuilder(
  nodes: FloatNode[],
  shapes: Map<NodeId, Shape>,
  seed: number,
  classes: number,
  units: readonly number[],
): Builder {
  const counters = new Map<string, number>();
  return {
    random: createRandom(seed).fork('weights'),
    classes,
    units,
    add(name, make) {
      const number = (counters.get(name) ?? 0) + 1;
      counters.set(name, number);
      const node = make(nodeId(`${name}${number}`));
      shapes.set(
        node.id,
        floatShape(
          node,
          node.inputs.map((id) => shapes.get(id)!),
        ),
      );
      nodes.push(node);
      return node.id;
    },
    shape: (id) => shapes.get(id)!,
  };
}

const square = (n: number): readonly [number, number] => [n, n];
const zeros = (n: number): Float32Array<ArrayBuffer> => new Float32Array(n);
const ones = (n: number): Float32Array<ArrayBuffer> => new Float32Array(n).fill(1);

type LayerOf<K extends Layer['op']> = Extract<Layer, { op: K }>;

type Activation = LayerOf<'conv'>['activation'];

function activate(b: Builder, prefix: string, kind: Activation, input: NodeId): NodeId {
  if (kind === 'none') return input;
  if (kind === 'clip')
    return b.add(`${prefix}clip`, (id) => ({ id, kind: 'clip', inputs: [input], min: 0, max: CLIP_TOP }));
  if (kind === 'relu') return b.add(`${prefix}relu`, (id) => ({ id, kind: 'relu', inputs: [input] }));
  if (kind === 'leakyRelu')
    return b.add(`${prefix}leaky`, (id) => ({ id, kind: 'leakyRelu', inputs: [input], alpha: LEAKY_SLOPE }));
  if (kind === 'prelu') {
    const alpha = new Float32Array(b.shape(input)[2]).fill(FIRST_SLOPE);
    return b.add(`${prefix}prelu`, (id) => ({ id, kind: 'prelu', inputs: [input], alpha }));
  }
  const name = kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return b.add(`${prefix}${name}`, (id) => ({ id, inputs: [input], ...usualFunction(kind) }));
}

function normalize(b: Builder, prefix: string, input: NodeId): NodeId {
  const n = b.shape(input)[2];
  return b.add(`${prefix}norm`, (id) => ({
    id,
    kind: 'batchNorm',
    inputs: [input],
    gamma: ones(n),
    beta: zeros(n),
    mean: zeros(n),
    variance: ones(n),
    epsilon: 1e-3,
  }));
}

/** Of the channels that a filter sees; channels that no preprocessing made are in units of their own. */
const unitsOf = ({ units }: Builder, channels: number): readonly number[] =>
  Array.from({ length: channels }, (_, c) => units[c] ?? 1);

function convolution(
  b: Builder,
  prefix: string,
  layer: LayerOf<'conv' | 'depthwise'>,
  input: NodeId,
): NodeId {
  const { kernel, stride } = layer;
  const inChannels = b.shape(input)[2];
  const padding = paddingOf(layer.padding, kernel, stride, b.shape(input));
  const window = { kernel: square(kernel), strides: square(stride), padding };
  const last =
    layer.op === 'depthwise'
      ? b.add(`${prefix}depthwise`, (id) => ({
          id,
          kind: 'depthwiseConv2d',
          inputs: [input],
          ...window,
          weights: heNormal(b.random, kernel * kernel * inChannels, kernel * kernel),
          bias: zeros(inChannels),
        }))
      : b.add(`${prefix}conv`, (id) => {
          const fanIn = kernel * kernel * Math.floor(inChannels / layer.groups);
          return {
            id,
            kind: 'conv2d',
            inputs: [input],
            ...window,
            groups: layer.groups,
            ...(layer.init === 'spots'
              ? spotFilters(b.random, kernel, unitsOf(b, inChannels / layer.groups), layer.filters)
              : { weights: heNormal(b.random, fanIn * layer.filters, fanIn), bias: zeros(layer.filters) }),
          };
        });
  return activate(b, prefix, layer.activation, layer.norm ? normalize(b, prefix, last) : last);
}

function globalPool(b: Builder, prefix: string, mode: 'avg' | 'max' | 'both', input: NodeId): NodeId {
  const average = (): NodeId =>
    b.add(`${prefix}average`, (id) => ({ id, kind: 'globalAvgPool', inputs: [input] }));
  const maximum = (): NodeId =>
    b.add(`${prefix}maximum`, (id) => ({ id, kind: 'globalMaxPool', inputs: [input] }));
  if (mode === 'avg') return average();
  if (mode === 'max') return maximum();
  const inputs = [average(), maximum()];
  return b.add(`${prefix}pooled`, (id) => ({ id, kind: 'concat', inputs }));
}

function dense(b: Builder, prefix: string, layer: LayerOf<'dense'>, input: NodeId): NodeId {
  const shape = b.shape(input);
  const flat =
    shape[0] * shape[1] === 1
      ? input
      : b.add(`${prefix}flatten`, (id) => ({ id, kind: 'flatten', inputs: [input] }));
  const fanIn = elements(shape);
  const isOutput = layer.units === 'classes';
  const units = layer.units === 'classes' ? b.classes : layer.units;
  const last = b.add(`${prefix}dense`, (id) => ({
    id,
    kind: 'dense',
    inputs: [flat],
    // No rectifier follows the logits: half the variance keeps the first loss near that of a guess.
    weights: heNormal(b.random, fanIn * units, isOutput ? 2 * fanIn : fanIn),
    bias: zeros(units),
  }));
  const normalized = layer.norm === true ? normalize(b, prefix, last) : last;
  return activate(b, prefix, layer.activation ?? (isOutput ? 'none' : 'relu'), normalized);
}

function squeezeExcite(b: Builder, prefix: string, layer: LayerOf<'squeezeExcite'>, input: NodeId): NodeId {
  const channels = b.shape(input)[2];
  const squeezed = Math.max(1, Math.floor(channels / layer.reduction));
  const own = `${prefix}gate_`;
  const mean = globalPool(b, own, 'avg', input);
  const hidden = dense(b, own, { op: 'dense', units: squeezed }, mean);
  const gate = dense(b, own, { op: 'dense', units: channels, activation: layer.gate }, hidden);
  return b.add(`${prefix}gated`, (id) => ({ id, kind: 'multiply', inputs: [input, gate] }));
}

function residual(
  b: Builder,
  prefix: string,
  layer: LayerOf<'residual'>,
  input: NodeId,
  block: number,
): NodeId {
  const name = `${prefix}block${block}_`;
  const body = addLayers(b, name, layer.body, input);
  const shortcut = addLayers(b, `${name}short_`, layer.shortcut, input);
  const sum = b.add(`${name}add`, (id) => ({ id, kind: 'add', inputs: [body, shortcut] }));
  return activate(b, `${name}out_`, layer.activation, sum);
}

function addLayers(b: Builder, prefix: string, layers: readonly Layer[], input: NodeId): NodeId {
  let last = input;
  let blocks = 0;
  for (const layer of layers) {
    switch (layer.op) {
      case 'conv':
      case 'depthwise':
        last = convolution(b, prefix, layer, last);
        break;
      case 'maxPool':
      case 'avgPool': {
        const from = last;
        const kind = layer.op;
        last = b.add(`${prefix}pool`, (id) => ({
          id,
          kind,
          inputs: [from],
          kernel: square(layer.size),
          strides: square(layer.stride ?? layer.size),
          padding: around(layer.padding),
        }));
        break;
      }
      case 'globalPool':
        last = globalPool(b, prefix, layer.mode, last);
        break;
      case 'upsample': {
        const from = last;
        last = b.add(`${prefix}upsample`, (id) => ({
          id,
          kind: 'upsample',
          inputs: [from],
          factor: square(layer.factor),
        }));
        break;
      }
      case 'squeezeExcite':
        last = squeezeExcite(b, prefix, layer, last);
        break;
      case 'flatten': {
        const from = last;
        last = b.add(`${prefix}flatten`, (id) => ({ id, kind: 'flatten', inputs: [from] }));
        break;
      }
      case 'dense':
        last = dense(b, prefix, layer, last);
        break;
      case 'residual':
        blocks += 1;
        last = residual(b, prefix, layer, last, blocks);
        break;
    }
  }
  return last;
}

/** The network input, in value units, that one count above the least gives in each channel. */
function countUnits({ nodes, outputs }: PreprocessGraph): readonly number[] {
  return outputs.map((output) => {
    const table = nodes.find((node) => node.id === output);
    if (table?.kind !== 'lut') return 1;
    const step = (table.table[1] ?? 0) - table.table[0]!;
    return Math.max(1, step) * lsb(table.format);
  });
}

/**
 * The float graph of `layers` on top of `preprocess`, with weights drawn from `seed` and threshold 0. Throws
 * `UserError` naming the network when the layers do not fit the input or the classes.
 */
export function buildNetwork(
  name: string,
  layers: readonly Layer[],
  preprocess: PreprocessGraph,
  classes: NetworkClasses,
  seed: number,
): FloatGraph {
  const nodes: FloatNode[] = [...preprocess.nodes];
  const facts = { name, ...classes, threshold: 0 };
  const shapes = new Map(floatShapes({ ...facts, nodes, output: preprocess.outputs[0]! }));
  const b = createBuilder(nodes, shapes, seed, classes.classNames.length, countUnits(preprocess));
  try {
    const input =
      preprocess.outputs.length === 1
        ? preprocess.outputs[0]!
        : b.add('channels', (id) => ({ id, kind: 'concat', inputs: preprocess.outputs }));
    const output = addLayers(b, '', layers, input);
    return verifyFloatGraph({ ...facts, nodes, output });
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    throw new UserError(`network ${name} does not fit its input: ${error.message}`, {
      field: 'training.network',
      remedy: 'change the layers, the binning factor or the crop',
    });
  }
}
