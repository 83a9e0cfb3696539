/**
 * The worker thread of data-parallel training. Parameters arrive, and gradients leave, through shared memory; the
 * messages carry only which samples.
 */
import { serveThread } from '../core/thread.js';
import { openBackend } from '../tensorflow/backend.js';
import { createGradientJob } from './gradient-job.js';
import type { WorkerReply, WorkerRequest, WorkerSetup } from './gradient-pool.js';

serveThread<WorkerSetup, WorkerRequest, WorkerReply>(async (setup) => {
  await openBackend(setup.backend);
  const job = createGradientJob(setup.job, setup.backend);
  const { parameters, statistics } = setup;
  return async (request) => {
    switch (request.kind) {
      case 'open':
        return { kind: 'ready' };
      case 'predict':
        return { kind: 'logits', logits: job.predict(request.share, parameters, statistics) };
      case 'step': {
        const result = await job.step(request.share, parameters, statistics);
        setup.gradient.set(result.gradient);
        setup.seen.set(result.statistics);
        const { loss, correct, rounding } = result;
        return { kind: 'step', loss, correct, rounding };
      }
    }
  };
});
