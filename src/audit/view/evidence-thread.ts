/** Evidence maps from a thread of their own. It starts with the first question and is asked one after the other. */
import type { Worker } from 'node:worker_threads';
import { InvariantError } from '../../core/errors.js';
import { startWorker } from '../../core/worker.js';
import type { AuditedNetworks } from '../setup.js';
import type { EvidenceReply, EvidenceRequest } from './evidence-worker.js';
import type { EvidenceMaker, FrameEvidence } from './evidence.js';

interface Waiting {
  readonly resolve: (evidence: FrameEvidence) => void;
  readonly reject: (error: Error) => void;
}

export function startEvidenceMaker(networks: AuditedNetworks): EvidenceMaker {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | null = null;
  let next = 0;
  const start = (): Worker => {
    const { fixed, float } = networks;
    const started = startWorker('./evidence-worker', import.meta.url, { workerData: { fixed, float } });
    const fail = (error: Error): void => {
      for (const one of waiting.values()) one.reject(error);
      waiting.clear();
      // The next question gets a new thread.
      if (worker === started) worker = null;
    };
    started.on('error', fail);
    started.on('exit', () => {
      fail(new InvariantError('the thread of evidence ended'));
    });
    started.on('message', (reply: EvidenceReply) => {
      const one = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('evidence' in reply) one?.resolve(reply.evidence);
      else one?.reject(new InvariantError(reply.defect));
    });
    return started;
  };
  return {
    explain(arithmetic, pixels, keep, geometry) {
      worker ??= start();
      const id = next++;
      const answer = new Promise<FrameEvidence>((resolve, reject) => waiting.set(id, { resolve, reject }));
      const request: EvidenceRequest = { id, arithmetic, pixels, keep, geometry };
      worker.postMessage(request);
      return answer;
    },
    close() {
      worker?.removeAllListeners('exit');
      void worker?.terminate();
    },
  };
}
