/** `vetoc/simulate`: what a fixed graph computes — by the interpreter, which defines it, by ONNX Runtime, by compiled C++. */
export { interpret, interpretTensors } from './interpret.js';
export { createInterpreterPool } from './interpret-pool.js';
export { createOrtWitness } from './ort.js';
export { createOrtFloat } from './ort-float.js';
export { createCsim } from './csim.js';
export { scoreFrames } from './score-frames.js';
export type { ScoredFrame, ScoreFramesOptions } from './score-frames.js';
export type { FrameResult, Witness } from './witness.js';
