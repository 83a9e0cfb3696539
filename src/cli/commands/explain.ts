/** `vetoc explain`: why a frame was kept or thrown away, as maps, pictures and words; and whether to believe them. */
import { Option, type Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { MAP_METHODS } from '../../explain/methods.js';
import { explainCheck } from '../explain/check.js';
import { explainGallery } from '../explain/gallery.js';
import { explainInversion } from '../explain/invert.js';
import { explainFrame, type ExplainOptions } from '../explain/one-frame.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { wholeOption } from '../option-values.js';

async function explain(dir: string, options: Omit<ExplainOptions, 'frame'> & { readonly frame?: string }) {
  const { frame } = options;
  if (frame === undefined)
    throw new UserError('no frame to explain', { field: '--frame', remedy: 'give --frame FILE#NUMBER' });
  await explainFrame(dir, { ...options, frame });
}

export function registerExplain(program: Command): void {
  program.enablePositionalOptions();
  const command = program
    .command('explain')
    .description(
      'Say why a frame was kept or vetoed: evidence maps on the arithmetic that decided, and what would change it.',
    )
    .argument('<run>', 'folder of a finished run')
    // Not a required option: commander would ask it of the subcommands too.
    .option('--frame <file#n>', 'the frame: file and number')
    .enablePositionalOptions()
    .option('--class <name>', 'what to explain: decision, hit, miss, or a class', 'decision')
    .addOption(new Option('--method <name>', 'how').choices([...MAP_METHODS, 'all']).default('grad-cam'))
    .option('--layer <name>', 'layer of the map (default: the last that is an image)')
    .option('--regions <n>', 'regions along the longer side', wholeOption('--regions', 2, 64), 12)
    .option(
      '--tries <n>',
      'sets of regions that are tried for a smaller one (12000 for all pairs of the usual regions)',
      wholeOption('--tries', 0, 10_000_000),
      2000,
    )
    .option('--out <dir>', 'folder for pictures and maps', 'out/explain')
    .option('--json', 'print JSON');
  addFrameOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  vetoc explain out/demo --frame night1.h5#17 --method all --out out/why17
  vetoc explain check out/demo --frames simulated.h5
  vetoc explain gallery out/demo --frames night1.h5
  vetoc explain invert out/demo --frame night1.h5#17`,
    )
    .action(explain);
  registerCheck(command);
  registerGallery(command);
  registerInversion(command);
}

function registerGallery(parent: Command): void {
  const command = parent
    .command('gallery')
    .description('Show frames of every class with their evidence, and how activations are spread.')
    .argument('<run>', 'folder of a finished run')
    .option('--frames <file...>', 'frames with labels, see below; test frames where they are marked');
  addFrameOptions(command)
    .addOption(new Option('--method <name>', 'map').choices(MAP_METHODS).default('grad-cam'))
    .option('--layer <name>', 'layer of the map (default: the last that is an image)')
    .option('--count <n>', 'frames of each class', wholeOption('--count', 1, 1000), 6)
    .option('--out <dir>', 'folder for the page and its pictures', 'out/gallery')
    .addHelpText('after', `${FRAME_HELP}\n\nExample:\n  vetoc explain gallery out/demo --frames night1.h5`)
    .action(explainGallery);
}

function registerInversion(parent: Command): void {
  const command = parent
    .command('invert')
    .description('Show what each layer still knows of a frame: the input with the same representation there.')
    .argument('<run>', 'folder of a finished run')
    .option('--frame <file#n>', 'the frame: file and number')
    .option('--layer <name>', 'one layer (default: every layer)')
    .option('--steps <n>', 'descent steps a layer', wholeOption('--steps', 1, 100_000), 200)
    .option(
      '--fidelity <n>',
      'weight of the representation against smoothness',
      wholeOption('--fidelity', 1, 1_000_000),
      300,
    )
    .option('--out <dir>', 'folder for the pictures and maps', 'out/invert')
    .option('--json', 'print JSON');
  addFrameOptions(command)
    .addHelpText('after', '\nExample:\n  vetoc explain invert out/demo --frame night1.h5#17')
    .action(explainInversion);
}

function registerCheck(parent: Command): void {
  const command = parent
    .command('check')
    .description('Hold every map against true Bragg peaks, beside a random control.')
    .argument('<run>', 'folder of a finished run')
    .option(
      '--frames <file...>',
      'frames that state their peaks, see below; of test frames where they are marked',
    );
  addFrameOptions(command)
    .option('--count <n>', 'hits to check on', wholeOption('--count', 1, 100_000), 40)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExample:\n  vetoc explain check out/demo --frames simulated.h5
  vetoc explain gallery out/demo --frames night1.h5
  vetoc explain invert out/demo --frame night1.h5#17`,
    )
    .action(explainCheck);
}
