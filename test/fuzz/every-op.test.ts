/**
 * Every op against every part of the compiler, as a table that is run: a row for each kind of op, for each activation inside a stage and
 * for each function of a table, all read off the op table; a column for each part. A cell is a network that the fuzzer draws and that
 * holds what the row names, held by the part against the definition of the arithmetic, value by value.
 */
import { describe, expect, it } from 'vitest';
import { emitQonnx } from '../../src/backends/onnx/qonnx.js';
import { UnsupportedError } from '../../src/core/errors.js';
import { createRandom } from '../../src/core/random.js';
import { layerSchema, type LayerInput } from '../../src/frontends/network/description.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { activationSchema } from '../../src/ir/activations.js';
import { elements, type NodeId } from '../../src/ir/common.js';
import { fixedShapes, floatShapes, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
import { TABLED_NAMES } from '../../src/ir/ops/activations/index.js';
import {
  isRaw,
  isTabled,
  OPS,
  type ActivationNode,
  type FixedNode,
  type FloatNetworkNode,
  type FloatNode,
} from '../../src/ir/ops/index.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { trainNetwork } from '../../src/train/train.js';
import { createDrills } from '../../src/verify/drills/make.js';
import { preprocess, recipe, train, validation } from '../train/toy-training.js';
import { check, CHECKS, randomHls, type CheckName } from './check.js';
import { checkFloat, FLOAT_CHECKS, quantized, type FloatSubject } from './float-checks.js';
import { fuzzFrames } from './frames.js';
import { fuzzSubject } from './network.js';
import type { Outcome } from './outcome.js';

const SEED = 1;
/** Of the fixed graphs fewer are looked through: their parts are compiled. Every eighth network is a float graph. */
const FIXED_DRAWN = 160;
const FLOAT_DRAWN = 480;
const subjects = Array.from({ length: FLOAT_DRAWN }, (_, number) =>
  number < FIXED_DRAWN || number % 8 === 7 ? [fuzzSubject(SEED, number)] : [],
).flat();

interface Drawn<N, S> {
  readonly subject: S;
  readonly nodes: readonly N[];
  readonly values: number;
}
const valuesOf = (shapes: ReadonlyMap<NodeId, readonly [number, number, number]>): number =>
  [...shapes.values()].reduce((sum, shape) => sum + elements(shape), 0);
const fixedDrawn = subjects.flatMap((subject): Drawn<FixedNode, FixedGraph>[] =>
  'frames' in subject ? [] : [{ subject, nodes: subject.nodes, values: valuesOf(fixedShapes(subject)) }],
);
const isDrawn = (subject: FloatSubject): Drawn<FloatNode, FloatSubject> => ({
  subject,
  nodes: subject.graph.nodes,
  values: valuesOf(floatShapes(subject.graph)),
});
const floatDrawn = subjects.flatMap((subject) => ('frames' in subject ? [isDrawn(subject)] : []));

/** A row of a table: the nodes that are meant. */
interface Row<N> {
  readonly name: string;
  readonly means: (node: N) => boolean;
}
const kindsOf = (graph: 'float' | 'fixed'): readonly string[] =>
  Object.entries(OPS).flatMap(([kind, op]) => (op[graph] === null ? [] : [kind]));
const isKind = (name: string): Row<{ readonly kind: string }> => ({
  name,
  means: ({ kind }) => kind === name,
});

const FIXED_ROWS: readonly Row<FixedNode>[] = [
  ...kindsOf('fixed').map(isKind),
  ...activationSchema.unwrap().options.map((option): Row<FixedNode> => {
    const kind = option.unwrap().shape.kind.value;
    return {
      name: `a stage with ${kind}`,
      means: (node) => 'activation' in node && node.activation.kind === kind,
    };
  }),
  ...TABLED_NAMES.map((kind): Row<FixedNode> => ({
    name: `a table of ${kind}`,
    means: (node) => node.kind === 'table' && node.of.kind === kind,
  })),
];
const FLOAT_ROWS: readonly Row<FloatNode>[] = kindsOf('float').map(isKind);

/** Few small networks that hold every row between them: each next one holds most that is not held yet, for its size. */
function covering<N, S>(rows: readonly Row<N>[], drawn: readonly Drawn<N, S>[]): readonly Drawn<N, S>[] {
  const chosen: Drawn<N, S>[] = [];
  let open = rows;
  const held = ({ nodes }: Drawn<N, S>): readonly Row<N>[] => open.filter(({ means }) => nodes.some(means));
  const worth = (one: Drawn<N, S>): number =>
    held(one).length / Math.sqrt(one.values + 300 * one.nodes.length);
  while (open.length > 0) {
    const best = drawn.reduce((a, b) => (worth(b) > worth(a) ? b : a));
    const gained = held(best);
    if (gained.length === 0) break;
    chosen.push(best);
    open = open.filter((row) => !gained.includes(row));
  }
  return chosen;
}

/** `work` of an argument once, however often it is asked. */
function remembered<A extends object, R>(work: (of: A) => R): (of: A) => R {
  const known = new WeakMap<A, { readonly result: R }>();
  return (of) => {
    const entry = known.get(of) ?? { result: work(of) };
    known.set(of, entry);
    return entry.result;
  };
}

/**
 * The row holds in a column where a network that has it came out the same. Where a part refuses every such network, each refusal must
 * name a node of the row: what is refused for another op says nothing of this one.
 */
async function holds<N extends { readonly id: NodeId }, S>(
  row: Row<N>,
  networks: readonly Drawn<N, S>[],
  outcomeOf: (network: Drawn<N, S>, row: Row<N>) => Promise<Outcome>,
): Promise<void> {
  const having = networks.filter(({ nodes }) => nodes.some(row.means));
  expect(having.length, `the fuzzer draws no ${row.name}`).toBeGreaterThan(0);
  const others: string[] = [];
  for (const network of having) {
    const outcome = await outcomeOf(network, row);
    expect(outcome.kind, JSON.stringify(outcome)).not.toBe('failed');
    if (outcome.kind === 'same') {
      expect(outcome.values).toBeGreaterThan(0);
      return;
    }
    if (outcome.kind === 'failed') continue;
    const { reason } = outcome;
    if (!network.nodes.some((node) => row.means(node) && reason.includes(`${node.id}: `)))
      others.push(reason);
  }
  expect(others, `${row.name} is refused for others, and nowhere taken`).toEqual([]);
}

/** The way from raw words, which some parts refuse, in networks of its own: what else is in those has others. */
const isRawRow = ({ name }: Row<FixedNode>): boolean =>
  Object.entries(OPS).some(([k, op]) => k === name && 'raw' in op.traits);

describe('an op of the fixed graph', () => {
  const networks = [
    ...covering(
      FIXED_ROWS.filter((row) => !isRawRow(row)),
      fixedDrawn.filter(({ nodes }) => !nodes.some((node) => isRaw(node))),
    ),
    ...covering(FIXED_ROWS.filter(isRawRow), fixedDrawn),
  ];
  const columns = CHECKS.map((name: CheckName) => {
    const outcomeOf = remembered(({ subject: graph }: Drawn<FixedNode, FixedGraph>) =>
      check(name, { graph, frames: fuzzFrames(graph, 1, 2), hls: randomHls(createRandom(1)) }),
    );
    return [name, outcomeOf] as const;
  });

  describe.each(columns.filter(([name]) => name !== 'interpreter'))('%s', (_name, outcomeOf) => {
    it.each(FIXED_ROWS.map((row) => [row.name, row] as const))('%s', (_row, row) =>
      holds(row, networks, outcomeOf),
    );
  });

  // What comes before the network is exact by construction and driven by frames.
  const DRIVEN = FIXED_ROWS.filter(
    ({ name }) =>
      !Object.entries(OPS).some(
        ([k, op]) => k === name && ('preprocess' in op.traits || 'given' in op.traits),
      ),
  );
  const driven = remembered(({ subject: graph }: Drawn<FixedNode, FixedGraph>) => {
    const { drills, stages } = createDrills(graph, { most: 6, seed: 1 });
    const made = [...drills];
    return { made, stages: stages(), answers: createInterpreter(graph).drill!(made) };
  });
  it.each(DRIVEN.map((row) => [row.name, row] as const))(
    'drills drive %s alone',
    async (_name, { means }) => {
      const having = networks.find(({ nodes }) => nodes.some(means))!;
      const { stages, answers } = driven(having);
      for (const { id, kind } of having.nodes.filter(means)) {
        expect((await answers).some(({ tensors }) => tensors.has(id))).toBe(true);
        if ('sums' in OPS[kind].traits) expect(stages.map(({ stage }) => stage)).toContain(id);
      }
    },
  );
});

/** `graph` with no table but those of the row: each may hold values that float32 rounds otherwise, which is refused. */
const withoutOthers = (graph: FloatGraph, row: Row<FloatNode>): FloatGraph => ({
  ...graph,
  nodes: graph.nodes.map((node): FloatNode => {
    const { id, inputs } = node;
    return isTabled(node) && !row.means(node) ? { id, inputs, kind: 'clip', min: 0, max: 1 } : node;
  }),
});

/** The file for hls4ml is written; what its tools make of it: `test/onnx/qonnx.test.ts`. */
async function qonnx({ subject }: Drawn<FloatNode, FloatSubject>, row: Row<FloatNode>): Promise<Outcome> {
  const graph = await quantized({ ...subject, graph: withoutOthers(subject.graph, row), quantization: {} });
  try {
    return { kind: 'same', values: emitQonnx(graph).length };
  } catch (error) {
    if (error instanceof UnsupportedError) return { kind: 'unsupported', reason: error.message };
    throw error;
  }
}

describe('an op of the float graph', () => {
  const networks = covering(FLOAT_ROWS, floatDrawn);
  const columns = [
    ...FLOAT_CHECKS.map(
      (name) =>
        [
          name,
          remembered(({ subject }: Drawn<FloatNode, FloatSubject>) => checkFloat(name, subject)),
        ] as const,
    ),
    ['qonnx', qonnx] as const,
  ];
  describe.each(columns)('%s', (_name, outcomeOf) => {
    it.each(FLOAT_ROWS.map((row) => [row.name, row] as const))('%s', (_row, row) =>
      holds(row, [...networks, ...floatDrawn], outcomeOf),
    );
  });
});

type LayerNode = Exclude<FloatNetworkNode, ActivationNode>;
/** The layer of a recipe that makes each op; activations stand in the layer that they follow. */
const LAYERS: { readonly [K in LayerNode['kind']]: LayerInput } = {
  conv2d: { op: 'conv', filters: 4 },
  depthwiseConv2d: { op: 'depthwise' },
  dense: { op: 'dense', units: 5 },
  batchNorm: { op: 'conv', filters: 4, norm: true },
  maxPool: { op: 'maxPool' },
  avgPool: { op: 'avgPool' },
  globalAvgPool: { op: 'globalPool', mode: 'avg' },
  globalMaxPool: { op: 'globalPool', mode: 'max' },
  add: { op: 'residual', body: [{ op: 'conv', filters: 4 }] },
  multiply: { op: 'squeezeExcite' },
  upsample: { op: 'upsample' },
  concat: { op: 'globalPool', mode: 'both' },
  flatten: { op: 'flatten' },
};
const ACTIVATIONS = Object.entries(OPS).flatMap(([kind, op]) => ('activation' in op.traits ? [kind] : []));
const LAYER_ROWS: readonly (readonly [kind: string, layer: unknown])[] = [
  ...Object.entries(LAYERS),
  ...ACTIVATIONS.map((activation) => [activation, { op: 'conv', filters: 4, activation }] as const),
];

describe('a layer of a recipe', () => {
  it('makes every op behind the preprocessing', () => {
    const preprocessing = Object.entries(OPS).flatMap(([k, op]) => ('preprocess' in op.traits ? [k] : []));
    expect([...LAYER_ROWS.map(([kind]) => kind), ...preprocessing].toSorted()).toEqual(
      kindsOf('float').toSorted(),
    );
  });

  it.each(LAYER_ROWS)('that makes %s is trained, and so is what comes before it', async (kind, layer) => {
    const layers = [
      { op: 'conv', filters: 4, stride: 4, activation: 'none' },
      layer,
      { op: 'dense', units: 'classes' },
    ];
    const graph = createNetwork({
      network: layers.map((one) => layerSchema.parse(one)),
      preprocess,
      classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
      seed: 3,
    });
    expect(graph.nodes.map((node) => node.kind)).toContain(kind);
    const trained = await trainNetwork({
      graph,
      train,
      validation,
      recipe: recipe({ epochs: 1, averaging: 0 }),
      seed: 1,
      backend: 'wasm',
    });
    const firstOf = ({ nodes }: FloatGraph): Float32Array =>
      nodes.find((node) => node.kind === 'conv2d')!.weights;
    const [before, after] = [firstOf(graph), firstOf(trained.graph)];
    expect(after.every(Number.isFinite)).toBe(true);
    expect(after.some((w, i) => w !== before[i])).toBe(true);
    expect(trained.graph.nodes.map((node) => node.kind)).toContain(kind);
  });
});
