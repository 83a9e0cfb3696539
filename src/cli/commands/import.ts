/** `vetoc import`: a network trained elsewhere as a float graph, held against ONNX Runtime on the original. */
import type { Command } from 'commander';
import { type ImportRequest, importToFolder } from '../../index.js';
import { importedText } from '../../text/index.js';
import { answer, type Asked } from '../console.js';
import { output } from '../outputs.js';
import { pairOption } from '../option-values.js';

async function run(path: string, options: Asked<ImportRequest>): Promise<void> {
  const imported = await importToFolder(path, options);
  const { file, graph, title, preprocess, comparison, stated } = imported;
  const json = { file, title, preprocess, classes: graph.classNames, compared: comparison, stated };
  answer(options, json, () => importedText(path, imported));
}

export function define(command: Command): void {
  command
    .argument(
      '<model>',
      '.onnx, .keras, .h5, or the model.json of TensorFlow.js (LayersModel or graph model)',
    )
    .addOption(output('--out <folder>', 'where to write the graph').makeOptionMandatory())
    .option(
      '--frame-size <HxW>',
      'raw frames that the network will be used on',
      pairOption('--frame-size', 'x', (n) => Number.isInteger(n) && n > 0 && n <= 16384),
      [512, 512] as const,
    )
    .option('--recipe <name>', 'recipe whose preprocessing comes before the network', 'veto')
    .option('--classes <names...>', 'one for each output of the network, in order (default: miss hit)')
    .option('--hits <names...>', 'the classes that are hits (default: the last)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The network sees what the recipe's preprocessing gives: values from 0 to 1. A binning factor that does not make an
image of the network's size is changed to one that does, and channels that it does not take are left out. Operators
that cannot be taken are listed, all of them. A network that the file quantizes itself is taken as it states; what is not
is named. From PyTorch: src/frontends/pytorch.md.

Examples:
  vetoc import finder.onnx --out finder
  vetoc import finder.keras --frame-size 256x256 --out finder-keras
  vetoc import resnet.h5 --frame-size 1024x1024 --classes blank ice crystal --hits crystal --out resnet`,
    )
    .action(run);
}
