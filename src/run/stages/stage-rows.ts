/** The stages of a fixed graph as rows of the report. */
import { formatToString, fractionBits } from '../../fixed/format.js';
import { fixedShapes, type FixedGraph } from '../../ir/graph.js';
import type { FixedNode } from '../../ir/ops/index.js';
import type { StageRow } from '../../report/run-report.js';

/** Bits that the requantization of a stage drops, smallest to largest of its channels: where its one rounding happens. */
function shiftText(node: FixedNode): string | null {
  if (!('proof' in node)) return null;
  const fractions = [...node.proof.accumulatorFraction];
  const [least, most] = [Math.min(...fractions), Math.max(...fractions)].map(
    (f) => f - fractionBits(node.format),
  );
  return least === most ? String(least) : `${least}…${most}`;
}

export function stageRows(graph: FixedGraph): readonly StageRow[] {
  const shapes = fixedShapes(graph);
  return graph.nodes.map((node) => ({
    name: node.id,
    kind: node.kind,
    inputs: node.inputs,
    shape: shapes.get(node.id)!.join(' × '),
    weights: 'weights' in node ? node.weights.mantissas.length + node.weights.bias.length : 0,
    weightBits: 'weights' in node ? node.weights.width : null,
    format: formatToString(node.format),
    accumulatorBits: 'proof' in node ? node.proof.accumulatorWidth : null,
    shift: shiftText(node),
    float32Exact: 'proof' in node ? node.proof.float32Exact : null,
  }));
}
