/** The thread behind worker-processor.ts: opens frames and networks and answers blocks with rows. */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant, UserError, type ErrorPlace } from '../core/errors.js';
import type { ProcessedFrame } from './processor.js';
import { openProcessor, type ProcessorSetup } from './setup.js';

export interface BlockRequest {
  readonly id: number;
  readonly indices: readonly number[];
}

export type BlockReply =
  | { readonly id: number; readonly frames: readonly ProcessedFrame[] }
  | { readonly id: number; readonly problem: string; readonly place: ErrorPlace }
  | { readonly id: number; readonly defect: string };

const port = parentPort;
invariant(port !== null, 'audit-worker is a worker thread');
const processor = openProcessor(workerData as ProcessorSetup);
processor.catch(() => undefined); // each request reports it

async function answer({ id, indices }: BlockRequest): Promise<BlockReply> {
  try {
    return { id, frames: await (await processor).process(indices) };
  } catch (error) {
    if (error instanceof UserError) return { id, problem: error.problem, place: error.place };
    return { id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

port.on('message', (request: BlockRequest) => {
  void answer(request).then((reply) => {
    port.postMessage(reply);
  });
});
