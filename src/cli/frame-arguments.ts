/** The options that every command with frames takes. */
import { Option, type Command } from 'commander';

export { FRAME_HELP } from '../text/index.js';

/** Adds the options that say of raw words what their maps are. */
export const addMapsOptions = (command: Command): Command =>
  command
    .option('--maps <file.h5>', 'maps of a detector of raw words, which become counts in integers')
    .option(
      '--gain <gains>',
      'gains in ADU/keV: g0,g1,g2, a .npy [3,y,x], FILE.h5#/path, or a .bin of float64',
    )
    .option('--photon-energy <eV>', 'photon energy for --pedestal or --maps, and --gain')
    .option(
      '--map-formats <formats>',
      "formats of the integer maps, as firmware has them: 'ap_ufixed<22,14>,ap_fixed<23,2>'",
    )
    .option('--common-mode <columns>', 'take away what each row has in common, COLUMNS[:LIMIT[:LEAST]]');

/** Adds the options; the values go to `frameOptions` or `openFrameArguments`. */
export function addFrameOptions(command: Command): Command {
  return addMapsOptions(command)
    .option(
      '--mask <file>',
      'mask file, not zero = live; bad:FILE for not zero = masked; none to ignore the file’s own, own to take it however much it hides, own:live or own:bad to say what not zero means in it',
    )
    .option(
      '--mask-rule <rules>',
      'mask by value: above:N, below:N, value:N, saturation:N, hot, dead, with commas between',
    )
    .option(
      '--mask-bits <bits>',
      'bits of the file’s own masks that are bad, as 0x0fff; default: those of the layout',
    )
    .addOption(
      new Option(
        '--overloads <how>',
        'counts above the largest trusted one: shown as that count, or masked',
      ).choices(['largest', 'mask']),
    )
    .option('--geometry <file.geom>', 'CrystFEL geometry: panels, masks, bad regions, beam and distance')
    .option('--assemble', 'use the assembled detector instead of the stored layout (needs --geometry)')
    .option(
      '--labels <source>',
      'labels from FILE#/path, FILE.csv, FILE.stream, FILE.lst, FILE.expt, folders, or peaks:K',
    )
    .option(
      '--indexed <source>',
      'what an indexing program could index: FILE.stream (CrystFEL), FILE.expt (DIALS), FILE.lst, FILE.csv, FILE#/path',
    )
    .option('--groups <by>', 'what frames share: file, folder, run, or a per-frame fact')
    .option('--channel <n>', 'channel of a dataset with a channel axis')
    .option(
      '--pedestal <files>',
      'JUNGFRAU pedestals: three .bin of float32, one .npy [3,y,x], or FILE.h5#/path',
    )
    .option('--maps-age <days>', 'days from --maps to the frames at most (default: 7)')
    .option('--scale <factor>', 'multiply each value before it is rounded to uint16')
    .option(
      '--give-up <seconds>',
      'give up a damaged or very slow file whose header, or a frame of it, takes longer (default: 60)',
    )
    .option('--skip-bad', 'report frames and files that cannot be read, and go on without them')
    .option('--strict', 'an error instead of a warning where something is not understood or not used');
}
