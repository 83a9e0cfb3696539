/** What stands below the help of commands. */
import { CRYSTAL_FORMS } from '../data/simulate/crystal.js';

/** How to name frames, for the help of every command. */
export const FRAME_HELP = `
Frames are named as FILE, FOLDER, 'PATTERN' or a CrystFEL list or stream (.lst, .stream), each with #/path/to/dataset and [start:stop:step] where wanted:
  run12.cxi   'night/*.cbf'   folder/   run12.h5#/entry/data/data[0:500]   DiffraNet's folder`;

/** What stands below the help of `vetoc simulate`. */
export const SIMULATE_HELP = `
Ranges are LOW:HIGH or one number. Crystal forms: ${CRYSTAL_FORMS.map((form) => form.name).join(', ')}.
Without detector options the frames come from a bank of detectors; any of them makes one detector of your own.

Examples:
  vetoc simulate frames.h5 --count 4000 --seed 7
  vetoc simulate raw.h5 --count 200 --raw jungfrau
  vetoc simulate rare.h5 --count 10000 --hit-fraction 0.004 --variety standard
  vetoc simulate own.h5 --size 1030x1065 --pixel-size 0.075 --distance 150:200 --energy 9.5 --panels 2x1 --gap 37,0 \\
      --cell 79.1,79.1,38,90,90,90 --space-group P43212 --background 0.1:3 --ice 0.1 --multi-lattice 0.2`;
