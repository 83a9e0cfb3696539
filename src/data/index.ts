/** `vetoc/data`: frames of any format, calibrated and masked, with what their files say of them. */
export { openFrames } from './open.js';
export type { OpenFramesOptions } from './open.js';
export { streamFrames } from './stream.js';
export type { BadFrame, StreamedFrame, StreamOptions } from './stream.js';
export type { Frame, FrameLabel, FrameOrigin, FrameSource, Spot } from './frames.js';
export { CLASS_NAMES } from './frames.js';
export type { Experiment } from './experiment.js';
export type { FileFacts } from './inspect.js';
export type { Note } from './notes.js';
export { NUISANCE_NAMES } from './nuisances/table.js';
export type { NuisanceName } from './nuisances/table.js';
export { READING_THREADS } from './reading-threads.js';
export { CRYSTAL_FORMS } from './simulate/crystal.js';
export { VARIETIES } from './simulate/settings.js';
export { COMPRESSIONS } from './write/growing-dataset.js';
export type { Compression } from './write/growing-dataset.js';
