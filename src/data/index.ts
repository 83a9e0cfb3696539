/** `vetoc/data`: frames of any format, calibrated and masked, with what their files say of them. */
export { openFrames } from './open.js';
export type { OpenFramesOptions } from './open.js';
export { streamFrames } from './stream.js';
export type { BadFrame, StreamedFrame, StreamOptions } from './stream.js';
export type { Frame, FrameLabel, FrameOrigin, FrameSource, Spot } from './frames.js';
