/** The options of an audit, for the command that makes one and the one that has it made by a cluster. */
import type { Command } from 'commander';
import { MAX_PRESCALE } from '../ir/index.js';
import { addFinderOptions } from './finder-options.js';
import { addFrameOptions } from './frame-arguments.js';
import { shareOption, wholeOption } from './option-values.js';

/** The bound on the hits lost. */
export const addBound = (command: Command): Command =>
  command
    .option('--lose <share>', 'alarm when more of the hits are lost for sure', shareOption('--lose'), 0.01)
    .option('--confidence <share>', 'how sure', shareOption('--confidence'), 0.95);

export const addAuditOptions = (command: Command): Command =>
  addBound(addFrameOptions(addFinderOptions(command)))
    .option('-o, --out <dir>', 'folder of the ledger (default: RUN/audit)')
    .option(
      '--reference <n>',
      'training frames to compare with, 0 for none',
      wholeOption('--reference', 0, 100_000),
      512,
    )
    .option('--threads <n>', 'threads (default: one a core, at most 8)', wholeOption('--threads', 1, 256))
    .option('--prescale <n>', 'the firmware keeps one miss in n', wholeOption('--prescale', 1, MAX_PRESCALE))
    .option('--prescale-key <n>', 'key of its hash', wholeOption('--prescale-key', 0, 2 ** 32 - 1), 0)
    .option('--frame-number <name>', 'where files state the frame number (default: frames count from 0)');
