/**
 * The worker thread of data-parallel training. Parameters arrive, and gradients leave, through shared memory; the
 * messages carry only which samples.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant, UserError } from '../core/errors.js';
import { openBackend } from '../tensorflow/backend.js';
import { createGradientJob } from './gradient-job.js';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './gradient-pool.js';

const port = parentPort;
invariant(port !== null, 'gradient-worker runs in a worker thread');
const setup = workerData as WorkerSetup;

const reply = (message: WorkerReply): void => {
  port.postMessage(message);
};

const failure = (error: unknown): WorkerReply =>
  error instanceof UserError
    ? { kind: 'refusal', problem: error.problem, place: error.place }
    : { kind: 'defect', message: String(error instanceof Error ? (error.stack ?? error.message) : error) };

async function start(): Promise<void> {
  await openBackend(setup.backend);
  const job = createGradientJob(setup.job);
  port!.on('message', (request: WorkerRequest) => {
    try {
      reply(answer(request));
    } catch (error) {
      reply(failure(error));
    }
  });
  reply({ kind: 'ready' });

  function answer(request: WorkerRequest): WorkerReply {
    const { parameters, statistics } = setup;
    if (request.kind === 'predict')
      return { kind: 'logits', logits: job.predict(request.share, parameters, statistics) };
    const result = job.step(request.share, parameters, statistics);
    setup.gradient.set(result.gradient);
    setup.seen.set(result.statistics);
    return { kind: 'step', loss: result.loss, correct: result.correct };
  }
}

start().catch((error: unknown) => {
  reply(failure(error));
});
