/**
 * The simulation of a network in parts as one witness: each module's front end, and the decision on what they give. Tensors
 * are put together as those of the whole network, so that every integer is compared with the definition.
 */
import { join } from 'node:path';
import type { NodeId } from '../../ir/common.js';
import { elements } from '../../ir/common.js';
import { mapsOfPart, type FrameMaps } from '../../ir/frame-maps.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import { partOf } from '../../ir/modules.js';
import { partitionModules, type ModuleParts } from '../../passes/partition-modules.js';
import type { Simulation } from '../../simulate/served.js';
import type { Drill, DrillResult, FrameResult, Witness } from '../../simulate/witness.js';
import { createCsim, type CsimOptions } from './csim.js';
import { DECISION_FOLDER, frontFolder } from './modules-project.js';

type Tensors = ReadonlyMap<NodeId, Int32Array>;

/** What modules gave of node `id`, stacked; null where one gave nothing. */
function stacked(id: NodeId, parts: readonly Tensors[]): Int32Array | null {
  const own = parts.map((tensors) => tensors.get(id));
  if (own.some((values) => values === undefined)) return null;
  return Int32Array.from(own.flatMap((values) => [...values!]));
}

/** Values of the nodes of `graph`: the whole's, or those of what a new node takes on, or zeros where nobody asks. */
function givenTo(graph: FixedGraph, valuesOf: (id: NodeId) => Int32Array | undefined): Tensors {
  const shapes = fixedShapes(graph);
  const given = new Map<NodeId, Int32Array>();
  for (const { id, inputs } of graph.nodes) {
    const own = valuesOf(id);
    const length = elements(shapes.get(id)!);
    const taken = inputs[0] === undefined ? undefined : given.get(inputs[0]);
    given.set(id, own ?? (taken?.length === length ? taken : new Int32Array(length)));
  }
  return given;
}

/** Opens the project of a part. */
export type OpenPart = (graph: FixedGraph, project: string) => Promise<Simulation>;

/** Opens the front ends, then the decision; what cannot be had closes the others. */
async function openAll(
  { fronts, decision }: ModuleParts,
  project: string,
  open: OpenPart,
): Promise<
  | { readonly kind: 'ready'; readonly fronts: readonly Witness[]; readonly decision: Witness }
  | Exclude<Simulation, { kind: 'ready' }>
> {
  const opened: Witness[] = [];
  const wanted = [
    ...fronts.map((graph, f) => [graph, frontFolder(f, fronts.length)] as const),
    [decision, DECISION_FOLDER] as const,
  ];
  for (const [graph, folder] of wanted) {
    const one = await open(graph, join(project, folder));
    if (one.kind !== 'ready') {
      await Promise.all(opened.map((witness) => witness.close()));
      return one;
    }
    opened.push(one.witness);
  }
  return { kind: 'ready', fronts: opened.slice(0, -1), decision: opened.at(-1)! };
}

/** The witness of the projects in the folder `project`, made from `graph`: what `open` says of its parts. */
export async function createModulesWitness(
  graph: FixedGraph,
  project: string,
  open: OpenPart,
): Promise<Simulation> {
  const parts = partitionModules(graph);
  const { modules, frontOf, words } = parts;
  const all = await openAll(parts, project, open);
  if (all.kind !== 'ready') return all;
  const { fronts, decision } = all;
  const everyModule = frontOf.map((front, k) => [fronts[front]!, k] as const);

  /** What each module makes of its parts of `frames`, one after the other. */
  async function run(
    frames: readonly Uint16Array[],
    tensors: boolean,
    maps: readonly FrameMaps[] | undefined,
  ): Promise<FrameResult[]> {
    const own: (readonly FrameResult[])[] = [];
    for (const [front, k] of everyModule)
      own.push(
        await front.run(
          frames.map((frame) => partOf(frame, k, modules)),
          {
            tensors,
            ...(maps === undefined ? {} : { maps: maps.map((all) => mapsOfPart(all, k, modules)) }),
          },
        ),
      );
    const sent = frames.map((_, i) => {
      const row = new Uint16Array(modules * words);
      own.forEach((results, k) => {
        row.set(results[i]!.logits, k * words);
      });
      return row;
    });
    const decided = await decision.run(sent, { tensors });
    return decided.map((result, i) => {
      const made = own.map((results) => results[i]!.tensors);
      const values = graph.nodes.flatMap(({ id }): [NodeId, Int32Array][] => {
        const found = stacked(id, made) ?? result.tensors.get(id);
        return found === undefined ? [] : [[id, found]];
      });
      return { ...result, tensors: new Map(tensors ? values : []) };
    });
  }

  async function drill(drills: readonly Drill[]): Promise<DrillResult[]> {
    const own: (readonly DrillResult[])[] = [];
    for (const [front, k] of everyModule) {
      const of = parts.fronts[frontOf[k]!]!;
      const asked = drills.map(({ given, stages }): Drill => ({
        given: givenTo(of, (id) => {
          const values = given.get(id);
          return values === undefined ? undefined : partOf(values, k, modules);
        }),
        stages: new Set(of.nodes.flatMap(({ id }) => (stages.has(id) ? [id] : []))),
      }));
      own.push(await front.drill!(asked));
    }
    // Nodes of the cut stand in both parts: the front ends are asked about them.
    const behind = new Set(graph.nodes.flatMap(({ id, modules: of }) => (of === undefined ? [id] : [])));
    const decided = await decision.drill!(
      drills.map(({ given, stages }) => ({
        given: givenTo(parts.decision, (id) => given.get(id)),
        stages: new Set([...stages].filter((id) => behind.has(id))),
      })),
    );
    return decided.map((result, i) => {
      const made = own.map((results) => results[i]!.tensors);
      const values = graph.nodes.flatMap(({ id }): [NodeId, Int32Array][] => {
        const found = behind.has(id) ? result.tensors.get(id) : stacked(id, made);
        return found === null || found === undefined ? [] : [[id, found]];
      });
      return { ...result, tensors: new Map(values) };
    });
  }

  const drives = [...fronts, decision].every((witness) => witness.drill !== undefined);
  const witness: Witness = {
    name: decision.name,
    version: decision.version,
    run: (frames, { tensors = false, maps } = {}) => run(frames, tensors, maps),
    ...(drives ? { drill } : { undrilled: decision.undrilled ?? fronts[0]!.undrilled ?? '' }),
    close: async () => {
      await Promise.all([...fronts, decision].map((one) => one.close()));
    },
  };
  return { kind: 'ready', witness };
}

/** The same in C++. A missing compiler is an answer, not an error. */
export const createModulesCsim = (
  graph: FixedGraph,
  project: string,
  options: CsimOptions = {},
): Promise<Simulation> =>
  createModulesWitness(graph, project, (part, folder) => createCsim(part, folder, options));
