/** The thread behind worker-processor.ts: opens frames and networks and answers blocks with rows. */
import { serveThread } from '../core/thread.js';
import type { ProcessedFrame } from './processor.js';
import { openProcessor, type ProcessorSetup } from './setup.js';

serveThread<ProcessorSetup, readonly number[], readonly ProcessedFrame[]>(async (setup) => {
  const processor = await openProcessor(setup);
  return (indices) => processor.process(indices);
});
