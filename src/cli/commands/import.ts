/** `vetoc import`: a network trained elsewhere as a float graph, held against ONNX Runtime on the original. */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { NetworkClasses } from '../../frontends/onnx/import.js';
import { UserError } from '../../core/errors.js';
import { createRandom } from '../../core/random.js';
import { inputNode, type FloatGraph } from '../../ir/graph.js';
import { floatShapes } from '../../ir/graph.js';
import { compareWithOriginal, type OriginalComparison } from '../../simulate/ort-original.js';
import { say, sayJson } from '../console.js';
import { table } from '../../core/table.js';
import { EXIT } from '../exit.js';
import { importNetwork } from '../../frontends/import-network.js';
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

const COMPARED_FRAMES = 4;
/** Differences up to this many units in the last place of the largest output are float32 rounding. */
const MOST_ULPS = 1024;

/** Frames with a dim background and some bright pixels. */
function syntheticFrames([height, width]: readonly [number, number]): Uint16Array[] {
  const random = createRandom(1);
  return Array.from({ length: COMPARED_FRAMES }, (_, k) =>
    Uint16Array.from({ length: height * width }, () =>
      random.uniform() < 0.02 ? random.integer(100, 60_000) : random.integer(0, 20 * (k + 1)),
    ),
  );
}

const ulps = ({ difference, magnitude }: OriginalComparison): number =>
  difference / (2 ** -23 * Math.max(magnitude, 2 ** -126));

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
  const { graph, title, onnx, preprocess } = imported;
  const compared =
    onnx === null ? null : await compareWithOriginal(onnx, path, syntheticFrames(inputNode(graph).size));
  const off = compared === null ? null : ulps(compared);
  const file = join(options.out, 'graph.json');
  if (off === null || off <= MOST_ULPS) await writeGraph(file, 'float', graph);
  if (options.json === true) sayJson({ file, title, preprocess, classes: graph.classNames, compared });
  else {
    say(`${path}: ${title}`);
    say(describe(graph));
    if (preprocess !== null) say(`Preprocessing: ${JSON.stringify(preprocess)}`);
    say(
      `Classes: ${graph.classNames.map((name, i) => (graph.hitClasses[i] ? `${name} (hit)` : name)).join(', ')}`,
    );
    if (compared !== null)
      say(
        `ONNX Runtime on the original, ${compared.frames} frames: outputs differ by at most ${compared.difference.toExponential(1)} ` +
          `(${off!.toFixed(0)} units in the last place of the largest, ${compared.magnitude.toPrecision(4)})`,
      );
    else say('There is no ONNX original to compare with.');
  }
  if (off !== null && off > MOST_ULPS) {
    process.stderr.write(
      'The imported network differs from the original: nothing was written. Please report this.\n',
    );
    process.exitCode = EXIT.checkFailed;
  } else if (options.json !== true)
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
