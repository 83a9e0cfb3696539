/** `vetoc/simulate`: what a fixed graph computes, by the interpreter, which defines it; the other witnesses come with their back ends. */
export { interpret, interpretTensors } from './interpret.js';
export { createInterpreterPool } from './interpret-pool.js';
export { scoreFrames } from './score-frames.js';
export type { ScoredFrame, ScoreFramesOptions } from './score-frames.js';
export type { FrameResult, Witness } from './witness.js';
