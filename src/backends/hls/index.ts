/** `vetoc/backends/hls`: the firmware of a fixed graph for a board — its design, its estimates, its C++ project. */
export { listTargets, loadFpga } from '../../targets/load.js';
export { designHls } from '../dataflow/design.js';
export type { Design, HlsOptions } from '../dataflow/design.js';
export { emitDesign } from './emit.js';
export { goldenFiles } from './golden.js';
export { summarize } from './summary.js';
export type { Summary } from './summary.js';
