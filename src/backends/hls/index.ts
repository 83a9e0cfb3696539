/** `vetoc/backends/hls`: the firmware of a fixed graph for a board — its design, its estimates, its C++ project. */
export { listTargets, loadFpga, loadTarget } from '../../targets/load.js';
export type { FpgaTarget, ProcessorTarget, Target } from '../../targets/target.js';
export { designHls } from '../dataflow/design.js';
export type { Design, HlsOptions } from '../dataflow/design.js';
export { DEFAULT_LINK, PIXELS_PER_CLOCK } from '../dataflow/link.js';
export type { Link, PixelsPerClock } from '../dataflow/link.js';
export { createCsim } from './csim.js';
export { emitDesign } from './emit.js';
export { goldenFiles } from './golden.js';
export { summarize } from './summary.js';
export type { Summary } from './summary.js';
