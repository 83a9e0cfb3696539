/**
 * Worker threads that answer requests: the one way of this project to use several cores. The thread's side is
 * `thread.ts`. What a thread refuses arrives as the `UserError` that it is, what it dies of as an `InvariantError`.
 */
import { InvariantError, UserError, type ErrorPlace } from './errors.js';
import { startWorker } from './worker.js';

export interface ThreadRequest<Q> {
  readonly id: number;
  readonly request: Q;
}

export type ThreadReply<A> =
  | { readonly id: number; readonly answer: A }
  | { readonly id: number; readonly problem: string; readonly place: ErrorPlace }
  | { readonly id: number; readonly defect: string };

/** How threads are started. */
export interface ThreadOptions<A, R> {
  /** Module of the thread, without extension, relative to `base`: the caller's `import.meta.url`. */
  readonly module: string;
  readonly base: string;
  /** What the thread is opened with. */
  readonly data: unknown;
  /** What to call it when it ends by itself: `a reading thread`. */
  readonly what: string;
  /** Lets the process end while the thread has nothing to do. */
  readonly background?: boolean;
  /** Made once a thread: turns its answers into what the caller gets. */
  readonly decode: () => (answer: A) => R;
}

export interface Thread<Q, R> {
  /** Requests without an answer yet. */
  readonly busy: () => number;
  ask(request: Q): Promise<R>;
  stop(): Promise<void>;
}

interface Waiting<R> {
  readonly resolve: (result: R) => void;
  readonly reject: (error: Error) => void;
}

/** Starts a thread; requests may be asked at once and are answered in order. */
export function startThread<Q, A, R>(options: ThreadOptions<A, R>): Thread<Q, R> {
  const { module, base, data, what, background = false } = options;
  const worker = startWorker(module, base, { workerData: data });
  const decode = options.decode();
  const waiting = new Map<number, Waiting<R>>();
  let next = 0;
  let failure: Error | null = null;
  if (background) worker.unref();

  function fail(error: Error): void {
    failure ??= error;
    for (const one of waiting.values()) one.reject(failure);
    waiting.clear();
  }
  worker.on('error', fail);
  worker.on('exit', () => {
    fail(new InvariantError(`${what} ended`));
  });
  worker.on('message', (reply: ThreadReply<A>) => {
    const one = waiting.get(reply.id)!;
    waiting.delete(reply.id);
    if (background && waiting.size === 0) worker.unref();
    if ('answer' in reply) one.resolve(decode(reply.answer));
    else if ('problem' in reply) one.reject(new UserError(reply.problem, reply.place));
    else one.reject(new InvariantError(reply.defect));
  });
  return {
    busy: () => waiting.size,
    ask(request) {
      if (failure !== null) return Promise.reject(failure);
      const id = next++;
      const result = new Promise<R>((resolve, reject) => waiting.set(id, { resolve, reject }));
      if (background) worker.ref();
      const message: ThreadRequest<Q> = { id, request };
      worker.postMessage(message);
      return result;
    },
    async stop() {
      worker.removeAllListeners('exit');
      await worker.terminate();
    },
  };
}

export interface ThreadPool<Q, R> {
  /** Threads that may run. */
  readonly size: number;
  /** Asks the thread that has least to do. */
  ask(request: Q): Promise<R>;
  /** Results in the order of `requests`, of which `ahead` wait in each thread: they take memory there. */
  all(requests: readonly Q[], ahead?: number): Promise<R[]>;
  stop(): Promise<void>;
}

/** Up to `size` threads; one starts when all that run have work. */
export function createThreadPool<Q, A, R>(size: number, options: ThreadOptions<A, R>): ThreadPool<Q, R> {
  const threads: Thread<Q, R>[] = [];
  const leastBusy = (): Thread<Q, R> => {
    const idle = threads.find((one) => one.busy() === 0);
    if (idle !== undefined) return idle;
    if (threads.length < size) {
      threads.push(startThread<Q, A, R>(options));
      return threads.at(-1)!;
    }
    return threads.reduce((best, one) => (one.busy() < best.busy() ? one : best));
  };
  const ask = (request: Q): Promise<R> => leastBusy().ask(request);
  return {
    size,
    ask,
    async all(requests, ahead = 2) {
      const results: R[] = [];
      let next = 0;
      const feed = async (): Promise<void> => {
        for (let i = next++; i < requests.length; i = next++) results[i] = await ask(requests[i]!);
      };
      await Promise.all(Array.from({ length: ahead * size }, feed));
      return results;
    },
    async stop() {
      await Promise.all(threads.map((one) => one.stop()));
    },
  };
}
