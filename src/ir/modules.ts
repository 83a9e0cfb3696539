/**
 * A detector of several modules, in one graph: its frame is the pictures of N modules of one shape, stacked along rows, and a
 * node with `modules: N` acts on each of them by itself. Windows see padding at a module's edge; a global pool gives a vector a
 * module, `[N, 1, channels]`. A node without `modules` sees the stack as any image: it may join what the modules say.
 *
 * Row-major tensors of a stack are those of its modules one after the other, so that whoever evaluates a node takes the parts,
 * does what it does for a frame of one module, and puts the results one behind the other.
 */
import { invariant, UnsupportedError } from '../core/errors.js';
import type { NodeId, Shape } from './common.js';

/** What is asked of a node. */
export interface OfModules {
  readonly id: NodeId;
  readonly inputs: readonly NodeId[];
  readonly modules?: number | undefined;
}

/** The field as a new node takes it over from one beside it: absent where that has none. */
export const sameModules = ({ modules }: Pick<OfModules, 'modules'>): { readonly modules?: number } =>
  modules === undefined ? {} : { modules };

/** The shape of one of `count` modules that are stacked to `shape`. Throws `InvariantError` where they do not share its rows. */
export function moduleShape([height, width, channels]: Shape, count: number): Shape {
  invariant(height % count === 0, `${height} rows are not those of ${count} modules of one height`);
  return [height / count, width, channels];
}

/** The shape of `count` modules of `shape`, stacked. */
export const stackShape = ([height, width, channels]: Shape, count: number): Shape => [
  height * count,
  width,
  channels,
];

/** Part `k` of the values of `count` modules that are stacked. */
export const partOf = <T extends Uint16Array | Int32Array>(values: T, k: number, count: number): T =>
  values.slice((k * values.length) / count, ((k + 1) * values.length) / count) as T;

/** Modules of the frames of a graph; 1 where it is not told of any. */
export const modulesOf = ({ nodes }: { readonly nodes: readonly OfModules[] }): number =>
  nodes[0]?.modules ?? 1;

/**
 * Throws `InvariantError` unless modules stay by themselves until a node without `modules` joins them: what acts on each of N
 * modules reads nothing else than the input of N modules and what was made of each.
 */
export function verifyModules(graph: { readonly nodes: readonly OfModules[] }): void {
  const count = modulesOf(graph);
  const known = new Map(graph.nodes.map((node) => [node.id, node]));
  for (const { id, inputs, modules } of graph.nodes) {
    if (modules === undefined) continue;
    invariant(modules === count, `${id}: of ${modules} modules in a graph of ${count}`);
    for (const from of inputs)
      invariant(
        known.get(from)?.modules !== undefined,
        `${id} acts on each module, but reads ${from}, in which they are joined`,
      );
  }
}

/** Nodes of each module whose values nodes behind read in which modules are joined: where the graph can be cut. */
export function cutOf<N extends OfModules>(graph: { readonly nodes: readonly N[] }): readonly N[] {
  const behind = new Set(graph.nodes.filter(({ modules }) => modules === undefined).flatMap((n) => n.inputs));
  return graph.nodes.filter((node) => node.modules !== undefined && behind.has(node.id));
}

/** Throws `UnsupportedError` where the frames of `graph` are those of several modules and `subject` knows one picture alone. */
export function refuseModules(
  subject: string,
  graph: { readonly nodes: readonly OfModules[] },
  remedy: string,
): void {
  const count = modulesOf(graph);
  if (count === 1) return;
  const why = `its frames are those of ${count} modules: ${remedy}`;
  throw new UnsupportedError(subject, [{ what: graph.nodes[0]!.id, why }]);
}
