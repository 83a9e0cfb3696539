/**
 * Ten layers of the veto networks as matrices of constants, with what alkaid (PyPI, once da4ml) makes of the same weights and bits
 * (`adders.json`: `npm run bench:adders -- --renew`).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adderGraph } from '../../src/backends/dataflow/adder-search.js';
import { adderSchedule, scheduleTables } from '../../src/backends/dataflow/adder-schedule.js';
import { checkEquivalence, type AdderGraph } from '../../src/backends/dataflow/shift-add.js';
import { rowsOf, unrolled } from '../../src/backends/dataflow/strategy.js';
import { invariant } from '../../src/core/errors.js';
import { findNode, fixedShapes, type FixedGraph } from '../../src/ir/graph.js';
import { isWeighted } from '../../src/ir/ops/index.js';
import type { Format } from '../../src/fixed/format.js';
import { NAMED_NETWORKS } from './named-networks.js';

export interface AdderLayer {
  readonly network: string;
  readonly layer: string;
  /** Of each output the weight of each value of a word. */
  readonly rows: readonly (readonly number[])[];
  readonly bias: readonly number[];
  readonly format: Format;
  readonly accumulatorWidth: number;
  /** SHA-256 of weights, biases and bits. */
  readonly hash: string;
}

/** First layers behind a contrast, layers behind a pool, dense ones. */
export const TEN_LAYERS: Readonly<Record<string, readonly string[]>> = {
  demo: ['conv1', 'dense2'],
  veto: ['conv1', 'dense2'],
  'veto-nano': ['conv1', 'conv2', 'dense1', 'dense2'],
  'veto-small': ['conv1', 'dense2'],
};

/** The layers of `graph` whose weights can be constants all at once, or those in `only`. */
export function adderLayers(network: string, graph: FixedGraph, only?: readonly string[]): AdderLayer[] {
  const shapes = fixedShapes(graph);
  return graph.nodes.flatMap((node): AdderLayer[] => {
    if (!isWeighted(node) || only?.includes(node.id) === false) return [];
    const input = shapes.get(node.inputs[0]!)!;
    const folding = unrolled(node, input, shapes.get(node.id)!);
    if (folding === undefined) return [];
    const { format } = findNode(graph, node.inputs[0]!);
    const { accumulatorWidth } = node.proof;
    const rows = rowsOf(node, input, folding);
    const bias = Array.from(node.weights.bias);
    const text = JSON.stringify([rows, bias, format.width, format.signed, accumulatorWidth]);
    const hash = createHash('sha256').update(text).digest('hex');
    return [{ network, layer: node.id, rows, bias, format, accumulatorWidth, hash }];
  });
}

/** The ten layers, with the initial weights, quantized on simulated frames of 64 × 64 pixels. */
export async function tenLayers(except: readonly string[] = []): Promise<AdderLayer[]> {
  const layers: AdderLayer[] = [];
  for (const [network, only] of Object.entries(TEN_LAYERS)) {
    const graph = await NAMED_NETWORKS.find((n) => n.name === network)!.make(64);
    layers.push(...adderLayers(network, graph, only));
  }
  return layers.filter((l) => !except.includes(nameOf(l)));
}

export const nameOf = ({ network, layer }: AdderLayer): string => `${network} ${layer}`;

export interface OwnAdders {
  readonly graph: AdderGraph;
  /** Constants of the outputs among them. */
  readonly additions: number;
  readonly levels: number;
  /** By our own model. */
  readonly tables: number;
}

export function ownAdders({ rows, format, accumulatorWidth }: AdderLayer): OwnAdders {
  const graph = adderGraph(rows, { inputBits: format.width, accumulatorWidth });
  checkEquivalence(graph, rows, 'the layer');
  const schedule = adderSchedule(graph, format.width, accumulatorWidth);
  const { levels, sums } = schedule;
  return { graph, additions: sums.length, levels, tables: scheduleTables(schedule) };
}

/** What Yosys makes of a module. */
export interface ModuleCells {
  readonly lut: number;
  readonly ff: number;
}

/** A setting of alkaid that none with fewer levels betters by its own account of cost. */
export interface PeerPoint extends ModuleCells {
  readonly setting: string;
  readonly levels: number;
  readonly additions: number;
}

export interface AdderRecord {
  /** Of the layer's weights. */
  readonly weights: string;
  readonly alkaid: { readonly version: string; readonly points: readonly PeerPoint[] };
  /** Of our module, by the hash of its text. */
  readonly own: ModuleCells & { readonly module: string };
  /** That counted the cells. */
  readonly yosys: string;
}

export const RECORDS = join(import.meta.dirname, 'adders.json');
export const adderRecords = (): Readonly<Record<string, AdderRecord>> =>
  JSON.parse(readFileSync(RECORDS, 'utf8')) as Readonly<Record<string, AdderRecord>>;

/** The point of the fewest look-up tables. */
export function cheapestPoint({ alkaid }: AdderRecord): PeerPoint {
  const [first, ...rest] = alkaid.points;
  invariant(first !== undefined, 'alkaid has no point');
  return rest.reduce((best, p) => (p.lut < best.lut ? p : best), first);
}
