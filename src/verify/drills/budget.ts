/** How many drills a network gets: each costs what a frame does. */
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';

/** Products, and values of stages without weights, that one frame takes. */
export function productsPerFrame(graph: FixedGraph): number {
  const shapes = fixedShapes(graph);
  return graph.nodes.reduce((sum, node) => {
    const [height, width] = shapes.get(node.id)!;
    return sum + height * width * ('weights' in node ? node.weights.mantissas.length : 1);
  }, 0);
}

/** Products spent on drills, were they all whole frames: some ten seconds, for the interpreter computes what is asked alone. */
const PRODUCTS = 6e9;

/** Drills made unless more or fewer are asked for. */
export const drillBudget = (graph: FixedGraph): number =>
  Math.max(4, Math.min(400, Math.floor(PRODUCTS / productsPerFrame(graph))));
