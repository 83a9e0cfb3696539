/** The stages of a fixed graph as rows of the report. */
import { formatToString } from '../../fixed/format.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import type { StageRow } from '../../report/run-report.js';

export function stageRows(graph: FixedGraph): readonly StageRow[] {
  const shapes = fixedShapes(graph);
  return graph.nodes.map((node) => ({
    name: node.id,
    kind: node.kind,
    shape: shapes.get(node.id)!.join(' × '),
    weights: 'weights' in node ? node.weights.mantissas.length + node.weights.bias.length : 0,
    weightBits: 'weights' in node ? node.weights.width : null,
    format: formatToString(node.format),
    accumulatorBits: 'proof' in node ? node.proof.accumulatorWidth : null,
    float32Exact: 'proof' in node ? node.proof.float32Exact : null,
  }));
}
