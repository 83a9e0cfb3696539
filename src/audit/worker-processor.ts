/** A processor of several threads, each with its own HDF5 library and sessions. */
import { createThreadPool } from '../core/threads.js';
import type { FrameProcessor, ProcessedFrame } from './processor.js';
import type { ProcessorSetup } from './setup.js';

/** Blocks of frames on up to `threads` threads. Close it to stop them. */
export function createWorkerProcessor(setup: ProcessorSetup, threads: number): FrameProcessor {
  type Frames = readonly ProcessedFrame[];
  const pool = createThreadPool<readonly number[], Frames, Frames>(threads, {
    module: './audit-worker',
    base: import.meta.url,
    data: setup,
    what: 'an audit thread',
    decode: () => (frames) => frames,
  });
  return {
    parallel: threads,
    process: (indices) => pool.ask(indices),
    close: () => pool.stop(),
  };
}
