/** The thread behind `startEvidenceMaker`: gradients take seconds, in which the server must answer others. */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../../core/errors.js';
import type { FrameGeometry } from '../../spotfind/layout.js';
import type { AuditedNetworks } from '../setup.js';
import { createEvidenceMaker, type Arithmetic, type FrameEvidence } from './evidence.js';

export interface EvidenceRequest {
  readonly id: number;
  readonly arithmetic: Arithmetic;
  readonly pixels: Uint16Array;
  readonly keep: boolean;
  readonly geometry: FrameGeometry;
}

export type EvidenceReply =
  | { readonly id: number; readonly evidence: FrameEvidence }
  | { readonly id: number; readonly defect: string };

const port = parentPort;
invariant(port !== null, 'evidence-worker is a worker thread');
const maker = createEvidenceMaker(workerData as AuditedNetworks);

async function answer({ id, arithmetic, pixels, keep, geometry }: EvidenceRequest): Promise<EvidenceReply> {
  try {
    return { id, evidence: await maker.explain(arithmetic, pixels, keep, geometry) };
  } catch (error) {
    return { id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

// One after the other: two gradients at once would only hold each other up.
let last: Promise<unknown> = Promise.resolve();
port.on('message', (request: EvidenceRequest) => {
  last = last.then(async () => {
    port.postMessage(await answer(request));
  });
});
