/** `vetoc import`: a network trained elsewhere as a float graph, held against ONNX Runtime on the original. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { NetworkClasses } from '../../frontends/onnx/import.js';
import { UserError } from '../../core/errors.js';
import type { FloatGraph } from '../../ir/graph.js';
import { floatShapes } from '../../ir/graph.js';
import { say, sayJson } from '../console.js';
import { table } from '../../core/table.js';
import { comparisonText, importNetwork, quantizationText } from '../../frontends/import-network.js';
import { pairOption } from '../option-values.js';
import { loadRecipe } from '../../run/recipe.js';
import { writeGraph } from '../../ir/graph-files.js';

interface Options {
  readonly out: string;
  readonly frameSize: readonly [number, number];
  readonly recipe: string;
  readonly classes?: string[];
  readonly hits?: string[];
  readonly json?: boolean;
}

/** The classes that the user named, or miss and hit for a network of two logits. */
function classesOf({ classes, hits }: Options): (logits: number) => NetworkClasses {
  return (logits) => {
    const classNames = classes ?? (logits === 2 ? ['miss', 'hit'] : []);
    const hitNames = hits ?? classNames.slice(-1);
    const stray = hitNames.find((name) => !classNames.includes(name));
    if (stray !== undefined)
      throw new UserError(`${stray} is no class`, { field: '--hits', remedy: `name some of --classes` });
    if (classNames.length !== logits || hitNames.length === logits)
      throw new UserError(`the network tells ${logits} classes apart`, {
        field: '--classes',
        remedy: 'name them in the order of its outputs, and those that are hits with --hits',
      });
    return { classNames, hitClasses: classNames.map((name) => hitNames.includes(name)) };
  };
}

function describe(graph: FloatGraph): string {
  const shapes = floatShapes(graph);
  return table(
    ['node', 'op', 'output'],
    graph.nodes.map(({ id, kind }) => [id, kind, shapes.get(id)!.join('×')]),
  );
}

async function run(path: string, options: Options): Promise<void> {
  const recipe = await loadRecipe(options.recipe);
  const imported = await importNetwork({
    path,
    rawSize: options.frameSize,
    preprocess: recipe.preprocess,
    classes: classesOf(options),
  });
  const { graph, title, preprocess, comparison, quantizedTensors } = imported;
  const file = join(options.out, 'graph.json');
  await writeGraph(file, 'float', graph);
  if (options.json === true) {
    sayJson({ file, title, preprocess, classes: graph.classNames, compared: comparison, quantizedTensors });
    return;
  }
  say(`${path}: ${title}`);
  say(describe(graph));
  if (preprocess !== null) say(`Preprocessing: ${JSON.stringify(preprocess)}`);
  say(
    `Classes: ${graph.classNames.map((name, i) => (graph.hitClasses[i] ? `${name} (hit)` : name)).join(', ')}`,
  );
  say(comparison === null ? 'There is no original to compare with.' : comparisonText(comparison));
  const quantized = quantizationText(quantizedTensors);
  if (quantized !== null) say(quantized);
  say(`Written to ${file}. Use it: vetoc run --model ${file} --frames FRAMES`);
}

export function define(command: Command): void {
  command
    .argument('<model>', '.onnx, .h5, or the model.json of a LayersModel')
    .requiredOption('--out <folder>', 'where to write the graph')
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
that cannot be taken are listed, all of them.

Examples:
  vetoc import finder.onnx --out finder
  vetoc import resnet.h5 --frame-size 1024x1024 --classes blank ice crystal --hits crystal --out resnet`,
    )
    .action(run);
}
