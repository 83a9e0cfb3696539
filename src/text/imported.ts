/** A network that was taken in, in words. */
import { table } from '../core/table.js';
import { originalText } from '../frontends/import-network.js';
import { statedText } from '../frontends/original/stated.js';
import { floatShapes } from '../ir/graph.js';
import type { ImportOutcome } from '../run/import.js';

export function importedText(
  path: string,
  { file, graph, title, preprocess, comparison, stated }: ImportOutcome,
): string {
  const shapes = floatShapes(graph);
  const nodes = table(
    ['node', 'op', 'output'],
    graph.nodes.map(({ id, kind }) => [id, kind, shapes.get(id)!.join('×')]),
  );
  const classes = graph.classNames.map((name, i) => (graph.hitClasses[i] ? `${name} (hit)` : name));
  const quantized = statedText(stated);
  return [
    `${path}: ${title}`,
    nodes,
    ...(preprocess === null ? [] : [`Preprocessing: ${JSON.stringify(preprocess)}`]),
    `Classes: ${classes.join(', ')}`,
    comparison === null ? 'There is no original to compare with.' : originalText(comparison),
    ...(quantized === null ? [] : [quantized]),
    `Written to ${file}. Use it: vetoc run --model ${file} --frames FRAMES`,
  ].join('\n');
}
