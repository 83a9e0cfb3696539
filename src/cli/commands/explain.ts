/** `vetoc explain`: why a frame was kept or thrown away, as maps, pictures and words; and whether to believe them. */
import { Option, type Command } from 'commander';
import {
  type CheckRequest,
  explainCheck,
  explainFrame,
  explainGallery,
  explainInversion,
  type ExplainRequest,
  type GalleryRequest,
  type InvertRequest,
  MAP_METHODS,
} from '../../index.js';
import { checksText, inversionText, storyText } from '../../text/index.js';
import { UserError } from '../../core/errors.js';
import { answer, say, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { wholeOption } from '../option-values.js';
import { output } from '../outputs.js';

/** Options that commander cannot ask for itself, since it would ask it of the subcommands too. */
type Given<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>> & { readonly json?: boolean };

/** The option `--frame` or `--frames`, which is needed `to` do something. */
function needed<T>(value: T | undefined, field: string, to: string, remedy: string): T {
  if (value === undefined) throw new UserError(`no ${field.slice(2)} to ${to}`, { field, remedy });
  return value;
}

const FRAME = 'give --frame FILE#NUMBER';
const FRAMES = 'give --frames FILE…';

async function explain(
  dir: string,
  stated: string | undefined,
  options: Given<ExplainRequest, 'frame'>,
): Promise<void> {
  const frame = needed(stated ?? options.frame, '--frame', 'explain', FRAME);
  const found = await explainFrame(dir, { ...options, frame }, showEvents());
  const json = { frame, margin: found.score - found.threshold, ...found };
  answer(options, json, () => storyText(found));
}

async function check(dir: string, options: Given<CheckRequest, 'frames'>): Promise<void> {
  const frames = needed(options.frames, '--frames', 'check on', FRAMES);
  const checks = await explainCheck(dir, { ...options, frames }, showEvents());
  answer(options, checks, () => checksText(checks));
}

async function gallery(dir: string, options: Given<GalleryRequest, 'frames'>): Promise<void> {
  const frames = needed(options.frames, '--frames', 'show', FRAMES);
  say(await explainGallery(dir, { ...options, frames }, showEvents()));
}

async function invert(dir: string, options: Given<InvertRequest, 'frame'>): Promise<void> {
  const frame = needed(options.frame, '--frame', 'invert', FRAME);
  const { path, layers } = await explainInversion(dir, { ...options, frame }, showEvents());
  answer(options, layers, () => inversionText(path, layers));
}

export function define(command: Command): void {
  command.parent?.enablePositionalOptions();
  command
    .argument('<run>', 'folder of a finished run')
    .argument('[frame]', 'the frame: FILE#NUMBER, the first is 0')
    .option('--frame <file#n>', 'the same')
    .option('--no-replay', 'do not replay the frames that turn the decision through the emitted ONNX and C++')
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
    .addOption(
      output(
        '--out <dir>',
        'folder for page, pictures and maps (default: out/explain/FILE-NUMBER, written anew)',
        ['regions.png', 'index.html'],
      ),
    )
    .option('--json', 'print JSON');
  addFrameOptions(command)
    .addHelpText(
      'after',
      `
Examples:
  vetoc explain out/demo night1.h5#17
  vetoc explain out/demo night1.h5#17 --method all --out out/why17
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
    .addOption(
      output('--out <dir>', 'folder for the page and its pictures', ['index.html']).default('out/gallery'),
    )
    .addHelpText('after', `${FRAME_HELP}\n\nExample:\n  vetoc explain gallery out/demo --frames night1.h5`)
    .action(gallery);
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
    .addOption(
      output('--out <dir>', 'folder for the pictures and maps', ['inversion.png']).default('out/invert'),
    )
    .option('--json', 'print JSON');
  addFrameOptions(command)
    .addHelpText('after', '\nExample:\n  vetoc explain invert out/demo --frame night1.h5#17')
    .action(invert);
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
    .option(
      '--noise <n>',
      'frames to check the chance of a flip on, and as many simulated ones',
      wholeOption('--noise', 0, 100_000),
      500,
    )
    .option('--json', 'print JSON')
    .addHelpText('after', `${FRAME_HELP}\n\nExample:\n  vetoc explain check out/demo --frames simulated.h5`)
    .action(check);
}
