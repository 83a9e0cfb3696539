/** The stages that exchange weights while frames run. */
import { constant, mantissaType, romType, table1, typedef } from '../cpp.js';
import { reloadedStages } from '../../dataflow/plan.js';
import { imageWords, partSizes, weightLayout } from '../weight-layout.js';
import { code, input, lanesAndWords, type Renderer } from './common.js';

export const loadWeights: Renderer<'loadWeights'> = (stage, { graph, plan }) => {
  const layout = weightLayout(graph, plan);
  const sizes = `${stage.name}_sizes`;
  return code(stage, {
    header: 'reload',
    function: 'load_weights',
    text: 'new weights over AXI4-Stream',
    members: [
      constant('STAGES', reloadedStages(plan).length, 'parts of an image'),
      constant('WORDS', imageWords(layout), 'words of an image'),
      {
        declaration: `static constexpr unsigned DESIGN = ${layout.design}U;`,
        comment: 'an image names the design that it is for',
      },
    ],
    tables: [`// Words of each part.\n${table1(romType(true, 32), sizes, partSizes(layout))}`],
    arguments: [sizes],
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
    ],
  });
