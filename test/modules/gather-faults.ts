/** Faults that the module which gathers packets could hold; the bench of random packets beside the C++ must see each. */
import type { HlsFault } from '../mutation/plant.js';

const fault = (module: string, name: string, at: RegExp, wrong: string): HlsFault => ({
  name,
  file: `rtl/vetoc/vetoc_${module}.sv`,
  at,
  wrong,
});

export const GATHER_FAULTS: readonly HlsFault[] = [
  fault('gather', 'a damaged packet taken', /if \((!good) \|\| from/, "1'b0"),
  fault('gather', 'a module too many', /from >= (16'\(MODULES\))/, "16'(MODULES + 1)"),
  fault('gather', 'a module that comes twice, unsaid', /ENTERING && \((told \|\| !fresh)\);/, 'told'),
  fault('gather', 'what a module says is wrong, unsaid', /ENTERING && \((told \|\| !fresh)\);/, '!fresh'),
  fault('gather', 'the words of the second of two', /keeping <= (fresh);/, "1'b1"),
  fault(
    'gather',
    'a frame that is gone, begun again',
    /else if \((gone \|\| \(full && older\))\) late/,
    'full && older',
  ),
  fault(
    'gather',
    'the oldest given up for an older one',
    /else if \((gone \|\| \(full && older\))\) late/,
    'gone',
  ),
  fault('gather', 'the last frame told anew', /gone <= begun && (number <= newest);/, 'number < newest'),
  fault(
    'gather',
    'a frame that waits for ever',
    /assign gives_up = waits && (idle \+ 1'b1 >= patience);/,
    "1'b0",
  ),
  fault('gather', 'the modules that came for those that are missing', /missing <= (~seen_at);/, 'seen_at'),
  fault(
    'waiting',
    'a frame that is handed on early',
    /oldest_whole <= \|first && (&seen\[first_at\]);/,
    "1'b1",
  ),
  fault(
    'waiting',
    'frames out of order',
    /!used\[o\] \|\| (numbers\[f\] < numbers\[o\]);/,
    'numbers[f] > numbers[o]',
  ),
  fault('waiting', 'the flag of the frame before', /wrong\[at\] <= (1'b0);/, 'wrong[at]'),
  fault('waiting', 'the modules of the frame before', /seen\[at\] <= ('0);/, 'seen[at]'),
  fault(
    'waiting',
    'an older frame for a later one',
    /!used\[f\] \|\| (number < numbers\[f\]);/,
    'number > numbers[f]',
  ),
  fault('waiting', 'a frame that is gone for one that waits', /is\[f\] <= (used\[f\]) &&/, "1'b1"),
  fault('rows', 'words of a module that is missing', /number1 : (here1) \?/, "1'b1"),
  fault('rows', 'a frame that is not flagged', /wrong1 <= done && (wrong);/, "1'b0"),
  fault(
    'rows',
    "modules in each other's rows",
    /words\[\{at, write_m, write_c\}\] <= (q);/,
    'words[{at, write_m, write_c}]',
  ),
];
