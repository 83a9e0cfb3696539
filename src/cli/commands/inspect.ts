/** `vetoc inspect`: what is in files of frames, in words, numbers and a picture. */
import type { Command } from 'commander';
import { inspectFrames, type InspectRequest } from '../../index.js';
import { inspectionText } from '../../text/index.js';
import { answer, type Asked, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { wholeOption } from '../option-values.js';
import { output } from '../outputs.js';

type Options = Asked<InspectRequest>;

const MOST = Number.MAX_SAFE_INTEGER;
const framesOption = wholeOption('--frames', 0, MOST);

export function define(command: Command): void {
  command
    .argument('<frames...>', 'the frames')
    .option(
      '--frames <n>',
      'statistics of this many frames, spread over all; "all" for every one',
      (text: string) => (text === 'all' ? text : framesOption(text)),
      10,
    )
    .addOption(output('--png <file.png>', 'write a picture of one frame, masked pixels in blue'))
    .option('--frame <n>', 'the frame of the picture', wholeOption('--frame', 0, MOST), 0)
    .option('--json', 'print everything as JSON');
  addFrameOptions(command)
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExamples:\n  vetoc inspect run12.cxi\n  vetoc inspect run12_master.h5 --frames 100 --json\n  vetoc inspect 'night/*.cbf' --frame 7 --png seven.png`,
    )
    .action(inspect);
}

async function inspect(texts: readonly string[], options: Options): Promise<void> {
  const inspection = await inspectFrames(
    texts,
    { ...options, overloads: options.overloads ?? 'mask' },
    showEvents(),
  );
  const { fileCount, ...found } = inspection;
  const drawn = options.png === undefined ? '' : `\n\nframe ${options.frame} is drawn in ${options.png}`;
  answer(options, found, () => inspectionText(inspection) + drawn);
}
