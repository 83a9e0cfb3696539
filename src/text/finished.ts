/** What to do with a run that is finished. */
import { join } from 'node:path';
import { RUN_FILES } from '../run/folder.js';

/** Where a run stands. */
export const finishedText = (out: string): string =>
  [
    `\nThe run is in ${out}. Open ${join(out, RUN_FILES.report)} in a browser.`,
    'What to try next:',
    `  vetoc evaluate ${out} --frames YOUR_FRAMES.h5    what it keeps and loses on other frames`,
    `  make -C ${join(out, 'hls')} check           the firmware's own test bench, with g++`,
  ].join('\n');

/** Where a network of other widths stands. */
export const quantizedText = (out: string): string =>
  [
    `The network is in ${out}. What to try next:`,
    `  vetoc compare ${out} --frames YOUR_FRAMES.h5    what it decides otherwise than float`,
    `  vetoc verify ${out}                             that all forms give the same bits`,
  ].join('\n');
