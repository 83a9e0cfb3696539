/** The stages that exchange weights while frames run. */
import { invariant } from '../../../core/errors.js';
import type { FixedGraph } from '../../../ir/graph.js';
import { constant, mantissaType, typedef } from '../cpp.js';
import { networksOf, reloadedStages } from '../../dataflow/plan.js';
import { DECIDE_WORDS, imageWords, weightLayout, type WeightLayout } from '../weight-layout.js';
import { factorsPerWord } from '../part-words.js';
import { code, input, lanesAndWords, type Renderer } from './common.js';

/** Bits of a word that no factor of `width` bits takes. */
const unusedBits = (width: number): number => (2 ** 32 - 2 ** (factorsPerWord(width) * width)) >>> 0;

/** What the words of each part may be. */
function limitsTable(name: string, graph: FixedGraph, { parts }: WeightLayout): string {
  const rows = parts.map((part) => {
    const node = graph.nodes.find((n) => n.id === part.node);
    invariant(node !== undefined && 'weights' in node, `${part.node} has weights`);
    const { width, bias } = node.weights;
    const factors = part.words - 2 * bias.length;
    return `    {${part.words}, ${factors}, ${unusedBits(width)}U, ${part.biasLow}LL, ${part.biasHigh}LL},  // ${part.node}`;
  });
  return [
    '// Of each part: words, words of factors, their unused bits, the range of a bias.',
    `static const vetoc::part_limits ${name}[${parts.length + 1}] = {`,
    ...rows,
    `    {${DECIDE_WORDS}, ${DECIDE_WORDS}, 0U, 0LL, 0LL},  // decide: the threshold`,
    '};',
    '',
  ].join('\n');
}

export const loadWeights: Renderer<'loadWeights'> = (stage, { graph, plan }) => {
  const layout = weightLayout(graph, plan);
  const limits = `${stage.name}_limits`;
  return code(stage, {
    header: 'reload',
    function: 'load_weights',
    text: 'new weights over AXI4-Stream',
    members: [
      constant('STAGES', reloadedStages(plan).length, 'parts of an image'),
      constant('NETWORKS', networksOf(plan), 'that see each frame'),
      constant('WORDS', imageWords(layout), 'words of an image'),
      {
        declaration: `static constexpr unsigned DESIGN = ${layout.design}U;`,
        comment: 'an image names the design that it is for',
      },
    ],
    tables: [limitsTable(limits, graph, layout)],
    arguments: [limits],
  });
};

export const swapWeights: Renderer<'swapWeights'> = (stage, { plan }) =>
  code(stage, {
    header: 'reload',
    function: 'swap_weights',
    text: 'says for each frame which weights count',
    members: [
      typedef('value_t', mantissaType(input(stage).format)),
      ...lanesAndWords(input(stage)),
      constant('STAGES', reloadedStages(plan).length),
      constant('NETWORKS', networksOf(plan), 'that see each frame'),
    ],
  });
