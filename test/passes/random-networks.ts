/** Random float graphs with every op, batch normalisation and branches, for properties of the passes. */
import { createRandom, type Random } from '../../src/core/random.js';
import { format } from '../../src/fixed/format.js';
import { elements, nodeId, type NodeId, type Shape } from '../../src/ir/common.js';
import { floatShapes, type FloatGraph } from '../../src/ir/graph.js';
import { TABLED_NAMES, usualFunction } from '../../src/ir/ops/activations/index.js';
import type { FloatNode } from '../../src/ir/ops/index.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { squareWindow } from '../square-window.js';

export const SIZE = 20;

interface Draft {
  readonly nodes: FloatNode[];
  last: NodeId;
}

function shapeOf(draft: Draft): Shape {
  const facts = { name: 'draft', classNames: ['a', 'b'], hitClasses: [false, true], threshold: 0 };
  return floatShapes({ ...facts, nodes: draft.nodes, output: draft.last }).get(draft.last)!;
}
const channelsOf = (draft: Draft): number => shapeOf(draft)[2];

function weights(random: Random, count: number, fan: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, () => random.normal() * Math.sqrt(2 / fan));
}
const biases = (random: Random, count: number, scale = 0.1): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, () => random.normal() * scale);

function append(draft: Draft, node: FloatNode): NodeId {
  draft.nodes.push(node);
  draft.last = node.id;
  return node.id;
}

function addConv(draft: Draft, random: Random, name: string, stride: number): void {
  const cin = channelsOf(draft);
  const groups = cin % 2 === 0 && random.uniform() < 0.3 ? 2 : 1;
  const cout = random.integer(1, 3) * 2;
  const kernel = random.pick([1, 3]);
  append(draft, {
    id: nodeId(name),
    kind: 'conv2d',
    inputs: [draft.last],
    ...squareWindow(kernel, stride, (kernel - 1) / 2),
    groups,
    weights: weights(random, kernel * kernel * (cin / groups) * cout, kernel * kernel * (cin / groups)),
    bias: biases(random, cout),
  });
}

function addDepthwise(draft: Draft, random: Random, name: string): void {
  const channels = channelsOf(draft);
  append(draft, {
    id: nodeId(name),
    kind: 'depthwiseConv2d',
    inputs: [draft.last],
    ...squareWindow(3, 1, 1),
    weights: weights(random, 9 * channels, 9),
    bias: biases(random, channels),
  });
}

function addNorm(draft: Draft, random: Random, name: string): void {
  const channels = channelsOf(draft);
  append(draft, {
    id: nodeId(name),
    kind: 'batchNorm',
    inputs: [draft.last],
    gamma: Float32Array.from({ length: channels }, () => 0.5 + random.uniform()),
    beta: biases(random, channels),
    mean: biases(random, channels),
    variance: Float32Array.from({ length: channels }, () => 0.3 + random.uniform()),
    epsilon: 1e-3,
  });
}

function addActivation(draft: Draft, random: Random, name: string): void {
  const kind = random.pick(['relu', 'relu', 'clip', 'leakyRelu', 'none'] as const);
  const base = { id: nodeId(name), inputs: [draft.last] };
  if (kind === 'relu') append(draft, { ...base, kind });
  if (kind === 'clip') append(draft, { ...base, kind, min: random.pick([0, -1]), max: random.pick([1, 6]) });
  if (kind === 'leakyRelu') append(draft, { ...base, kind, alpha: random.pick([0.125, 0.1, 0.3]) });
}

/** The same from all activations that there are. */
function addAnyActivation(draft: Draft, random: Random, name: string): void {
  const base = { id: nodeId(name), inputs: [draft.last] };
  if (random.uniform() < 0.5) addActivation(draft, random, name);
  else if (random.uniform() < 0.4)
    append(draft, {
      ...base,
      kind: 'prelu',
      alpha: Float32Array.from({ length: channelsOf(draft) }, () => random.uniform() - 0.2),
    });
  else append(draft, { ...base, ...usualFunction(random.pick(TABLED_NAMES)) });
}

function addPool(draft: Draft, random: Random, name: string): void {
  if (Math.min(...shapeOf(draft).slice(0, 2)) < 4) return;
  const kind = random.pick(['maxPool', 'avgPool'] as const);
  append(draft, {
    id: nodeId(name),
    kind,
    inputs: [draft.last],
    ...squareWindow(random.pick([2, 3]), 2, random.integer(0, 1)),
  });
}

function addUpsample(draft: Draft, random: Random, name: string): void {
  const factor = random.pick([
    [1, 2],
    [2, 1],
    [2, 2],
    [3, 2],
  ] as const);
  if (elements(shapeOf(draft)) < 1000)
    append(draft, { id: nodeId(name), kind: 'upsample', inputs: [draft.last], factor });
}

/** A branch that is added or concatenated to what it started from. */
function addBranch(draft: Draft, random: Random, name: string): void {
  const start = draft.last;
  const joinKind = random.pick(['add', 'concat'] as const);
  if (joinKind === 'add') addDepthwise(draft, random, `${name}_body`);
  else addConv(draft, random, `${name}_body`, 1);
  if (random.uniform() < 0.5) addNorm(draft, random, `${name}_norm`);
  append(draft, { id: nodeId(`${name}_join`), kind: joinKind, inputs: [draft.last, start] });
}

/** A gate of the newest tensor, as squeeze-and-excite has it. */
function addGate(draft: Draft, random: Random, name: string): void {
  const image = draft.last;
  const channels = channelsOf(draft);
  append(draft, { id: nodeId(`${name}_mean`), kind: 'globalAvgPool', inputs: [image] });
  const dense = (id: string): NodeId =>
    append(draft, {
      id: nodeId(id),
      kind: 'dense',
      inputs: [draft.last],
      weights: weights(random, channels * channels, channels),
      bias: biases(random, channels),
    });
  dense(`${name}_squeeze`);
  append(draft, { id: nodeId(`${name}_relu`), kind: 'relu', inputs: [draft.last] });
  dense(`${name}_excite`);
  const gate = { id: nodeId(`${name}_gate`), inputs: [draft.last] };
  const kind = random.pick(['hardSigmoid', 'sigmoid', 'clip'] as const);
  append(draft, kind === 'clip' ? { ...gate, kind, min: 0, max: 1 } : { ...gate, ...usualFunction(kind) });
  append(draft, { id: nodeId(`${name}_gated`), kind: 'multiply', inputs: [image, draft.last] });
}

/** A part of the frame, dead pixels, blocks, differences from what is around: each or none. */
function addCounting(draft: Draft, random: Random): void {
  const counts = format(false, 16, 16);
  const node = (name: string) => ({ id: nodeId(name), inputs: [draft.last], format: counts });
  const isWanted = (): boolean => random.uniform() < 0.4;
  if (isWanted()) {
    const size = [random.integer(8, 9) * 2, random.integer(8, 9) * 2] as const;
    const offset = [random.integer(0, SIZE - size[0]), random.integer(0, SIZE - size[1])] as const;
    append(draft, { ...node('crop'), kind: 'crop', offset, size });
  }
  if (isWanted()) {
    const live = Uint8Array.from({ length: elements(shapeOf(draft)) }, () => Number(random.uniform() < 0.9));
    append(draft, { ...node('mask'), kind: 'mask', live });
  }
  if (isWanted()) {
    const mode = random.pick(['max', 'second'] as const);
    append(draft, {
      ...node('bin'),
      kind: 'bin',
      mode,
      factor: random.pick([
        [2, 1],
        [1, 2],
      ] as const),
    });
  }
  if (isWanted()) append(draft, { ...node('contrast'), kind: 'contrast', distance: random.integer(1, 2) });
}

function preprocessing(random: Random, any: boolean): Draft {
  const counts = format(false, 16, 16);
  const draft: Draft = { nodes: [], last: nodeId('input') };
  append(draft, { id: nodeId('input'), kind: 'input', inputs: [], size: [SIZE, SIZE], format: counts });
  if (any) addCounting(draft, random);
  const counted = draft.last;
  const top = 255;
  const tables = random.uniform() < 0.5 ? 1 : 2;
  const ids = Array.from({ length: tables }, (_, k) => {
    const clamp = append(draft, {
      id: nodeId(`clamp${k}`),
      kind: 'clamp',
      inputs: [counted],
      min: 0,
      max: top,
      format: format(false, 8, 8),
    });
    const table = Int32Array.from({ length: top + 1 }, (_, i) => Math.round(Math.sqrt(i / top) * 255));
    return append(draft, {
      id: nodeId(`table${k}`),
      kind: 'lut',
      inputs: [clamp],
      first: 0,
      table,
      format: format(false, 8, k),
    });
  });
  if (tables === 2) append(draft, { id: nodeId('views'), kind: 'concat', inputs: ids });
  return draft;
}

function addHead(draft: Draft, random: Random, classes: number): void {
  const how = random.pick(['globalAvgPool', 'globalMaxPool', 'flatten'] as const);
  append(draft, { id: nodeId('head'), kind: how, inputs: [draft.last] });
  const channels = channelsOf(draft);
  append(draft, {
    id: nodeId('logits'),
    kind: 'dense',
    inputs: [draft.last],
    weights: weights(random, channels * classes, channels),
    bias: biases(random, classes),
  });
}

/** A network that depends on `seed` (and on `any`: with every activation) alone, on frames of `SIZE × SIZE`. */
export function randomNetwork(seed: number, any = false): FloatGraph {
  const random = createRandom(seed);
  const draft = preprocessing(random, any);
  addConv(draft, random, 'conv0', 2);
  const depth = random.integer(1, 4);
  for (let k = 1; k <= depth; k++) {
    const block = random.pick(['conv', 'depthwise', 'branch', 'pool', 'norm'] as const);
    if (block === 'conv') addConv(draft, random, `conv${k}`, 1);
    if (block === 'depthwise') addDepthwise(draft, random, `depthwise${k}`);
    if (block === 'branch') addBranch(draft, random, `branch${k}`);
    if (block === 'pool') addPool(draft, random, `pool${k}`);
    if (any && random.uniform() < 0.3) addGate(draft, random, `gate${k}`);
    if (any && random.uniform() < 0.2) addUpsample(draft, random, `upsample${k}`);
    if (block === 'norm' || random.uniform() < 0.4) addNorm(draft, random, `norm${k}`);
    (any ? addAnyActivation : addActivation)(draft, random, `act${k}`);
  }
  addHead(draft, random, 3);
  return verifyFloatGraph({
    name: `random-${seed}`,
    nodes: draft.nodes,
    output: draft.last,
    classNames: ['Blank', 'Weak', 'Strong'],
    hitClasses: [false, true, true],
    threshold: random.normal() * 0.1,
  });
}

/** Frames of small counts with a few bright spots. */
export function randomFrames(count: number, seed: number, size = SIZE): Uint16Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const frame = Uint16Array.from({ length: size * size }, () => random.poisson(8));
    for (let k = 0; k < 5; k++) frame[random.integer(0, frame.length - 1)]! += random.integer(50, 3000);
    return frame;
  });
}
