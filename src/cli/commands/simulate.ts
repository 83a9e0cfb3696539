/** `vetoc simulate`: labelled diffraction frames for any detector, as HDF5. */
import { Option, type Command } from 'commander';
import { CLASS_NAMES, type Compression, COMPRESSIONS, SIMULATED_RAW, VARIETIES } from '../../data/index.js';
import { simulateShard, simulateToFile, simulationOptions, type SimulationWish } from '../../index.js';
import { answer, showEvents } from '../console.js';
import { SIMULATE_HELP, simulatedText } from '../../text/index.js';
import { addShardOption, answerShard, type Sharded } from '../shard-option.js';
import { numberOption, numbersOption, pairOption, rangeOption, wholeOption } from '../option-values.js';

interface Options extends SimulationWish, Sharded {
  readonly compression: Compression;
  readonly workers?: number;
  readonly cells?: number;
  readonly replace?: boolean;
  readonly json?: boolean;
}

const number = (field: string, low: number, high: number) => numberOption(field, { low, high });
const probability = (field: string) => number(field, 0, 1);
const range = rangeOption;
const pair = (field: string, separator: string) => pairOption(field, separator);
const size = pairOption('--size', 'x');

const parseSize = (text: string): readonly [number, number] =>
  size(text.includes('x') ? text : `${text}x${text}`);

export function define(command: Command): void {
  command
    .argument('<out.h5>', 'file to write; with --shard the folder for parts')
    .option('-n, --count <n>', 'number of frames', number('--count', 1, 1e8), 1000)
    .option('--seed <n>', 'the same seed gives the same frames', number('--seed', 0, 2 ** 32), 1)
    .option('--size <HxW>', 'frame size in pixels', parseSize, [512, 512] as const)
    .addOption(
      new Option('--variety <name>', 'one experiment, many, many on worn detectors, the edge of indexing')
        .choices(VARIETIES)
        .default('broad'),
    )
    .option('--hit-fraction <f>', 'part of frames that are hits', probability('--hit-fraction'))
    .option(
      '--classes <a,b,c,d,e>',
      `relative shares of ${CLASS_NAMES.join(', ')}`,
      numbersOption('--classes', ',', 5),
    )
    .option('--frames-per-crystal <n>', 'frames of one crystal', number('--frames-per-crystal', 1, 1e6));
  addExperimentOptions(command);
  addDetectorOptions(command);
  addShardOption(command)
    .addOption(
      new Option('--compression <name>', 'bitshuffle is fast, but needs a plugin to read')
        .choices(COMPRESSIONS)
        .default('gzip'),
    )
    .option(
      '--workers <n>',
      'threads that simulate, 0 for none (default: one a core, at most 4); any number gives the same frames',
      wholeOption('--workers', 0, 64),
    )
    .addOption(
      new Option('--raw <detector>', 'raw words with the truth, and dark frames beside').choices(
        SIMULATED_RAW,
      ),
    )
    .option('--cells <n>', 'memory cells of --raw agipd (default: 4)', wholeOption('--cells', 1, 352))
    .option('--replace', 'replace the file if it exists')
    .option('--json', 'print a summary as JSON')
    .addHelpText('after', SIMULATE_HELP)
    .action(run);
}

function addExperimentOptions(command: Command): void {
  command
    .option('--cell <form>', 'crystal form by name, or a,b,c,alpha,beta,gamma in Å and degrees')
    .option('--space-group <group>', 'number or symbol, such as 96 or P43212')
    .option('--energy <keV>', 'photon energy', range('--energy', 0.1))
    .option('--distance <mm>', 'detector distance', range('--distance', 0.1))
    .option('--beam-centre <x,y>', 'beam centre in pixels', pair('--beam-centre', ','))
    .option('--mosaicity <deg>', 'mosaic spread (rms)', range('--mosaicity', 1e-6))
    .option('--bandwidth <part>', 'relative bandwidth (rms)', range('--bandwidth', 1e-9))
    .option('--background <photons>', 'mean diffuse photons a pixel', range('--background', 1e-6))
    .option('--background-scale <f>', 'factor on the background', number('--background-scale', 1e-6, 1e6))
    .option('--ice <p>', 'part of frames with ice rings', probability('--ice'))
    .option('--powder <p>', 'part of frames with powder rings', probability('--powder'))
    .option('--streaks <p>', 'part of frames with a jet streak', probability('--streaks'))
    .option('--shadows <p>', 'part of frames with a shadow', probability('--shadows'))
    .option('--multi-lattice <p>', 'part of hits with two to four lattices', probability('--multi-lattice'))
    .option('--zingers <n>', 'random hot pixels per 512×512 pixels', number('--zingers', 0, 1e5));
}

function addDetectorOptions(command: Command): void {
  command
    .option('--pixel-size <mm>', 'pixel size', number('--pixel-size', 1e-4, 100))
    .option('--panels <RxC>', 'equal panels, rows × columns', pair('--panels', 'x'))
    .option('--gap <y,x>', 'gaps between the panels in pixels', pair('--gap', ','))
    .option('--gain <ADU>', 'ADU per photon', number('--gain', 1e-4, 1e5))
    .option('--offset <ADU>', 'pedestal', number('--offset', 0, 65535))
    .option('--read-noise <ADU>', 'read noise (rms)', number('--read-noise', 0, 65535))
    .option('--point-spread <px>', 'point spread (rms)', number('--point-spread', 0, 5))
    .option('--saturation <ADU>', 'largest value', number('--saturation', 1, 65535))
    .option('--hot-pixels <n>', 'pixels that always fire', number('--hot-pixels', 0, 1e5))
    .option('--beam-stop <px>', 'radius of the beam stop', number('--beam-stop', 0, 1e4));
}

async function run(out: string, options: Options): Promise<void> {
  const { compression, workers, replace = false, raw, cells } = options;
  const frames = simulationOptions(options);
  const request = { frames, compression, workers, replace, ...(raw && { raw }), ...(cells && { cells }) };
  if (options.shard !== undefined) {
    answerShard(options, await simulateShard(out, request, options.shard, showEvents()));
    return;
  }
  const summary = await simulateToFile(out, request, showEvents());
  answer(options, summary, () => simulatedText(summary));
}
