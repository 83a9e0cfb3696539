/** The thread's side of `threads.ts`: what a worker module calls. */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant, UserError } from './errors.js';
import type { ThreadReply, ThreadRequest } from './threads.js';

/** Answers one request; what is given away with the answer is `transfer` of it. */
type Handler<Q, A> = (request: Q) => A | Promise<A>;

const failure = (id: number, error: unknown): ThreadReply<never> =>
  error instanceof UserError
    ? { id, problem: error.problem, place: error.place }
    : { id, defect: error instanceof Error ? (error.stack ?? error.message) : String(error) };

/**
 * Opens the thread with the data that it was started with, and answers each request. Where it cannot be opened, every
 * request says so.
 */
export function serveThread<D, Q, A>(
  open: (data: D) => Handler<Q, A> | Promise<Handler<Q, A>>,
  transfer: (answer: A) => ArrayBuffer[] = () => [],
): void {
  const port = parentPort;
  invariant(port !== null, 'this module runs as a worker thread');
  const opened = (async () => open(workerData as D))();
  opened.catch(() => undefined);
  port.on('message', ({ id, request }: ThreadRequest<Q>) => {
    void opened
      .then((handler) => handler(request))
      .then(
        (answer) => {
          const reply: ThreadReply<A> = { id, answer };
          port.postMessage(reply, transfer(answer));
        },
        (error: unknown) => {
          port.postMessage(failure(id, error));
        },
      );
  });
}
