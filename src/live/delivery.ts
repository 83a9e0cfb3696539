/**
 * The queue between receipt and sinks: in the order of receipt, whatever the order of decisions, and bounded in bytes.
 *
 * What a sink does not take (a full disk, a receiver that went away) is offered again until it is taken, or until the
 * session is told to give up; meanwhile the queue fills, which holds the source back. Nothing is lost between.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Delivery } from './decision.js';
import { RETRY_MS } from './settings.js';
import type { LiveSink } from './sinks/sink.js';

export interface Queue {
  /** Takes what will be `delivery` once that is known; `bytes` are what it keeps in memory. */
  push(delivery: Delivery | Promise<Delivery>, bytes: number): void;
  readonly waitingBytes: () => number;
  readonly waiting: () => number;
  /** Resolves once less than `bytes` wait, or nothing does. */
  roomFor(bytes: number): Promise<void>;
  /** Resolves once everything is delivered or given up, and the sinks are closed. */
  close(): Promise<void>;
  /** Deliveries that some sink did not take, or could not make sure of, after `giveUp`. */
  readonly undelivered: () => number;
  readonly sinks: () => readonly SinkFigures[];
}

export interface SinkFigures {
  readonly name: string;
  /** Frames that it was given and made sure of. */
  readonly written: number;
  /** Deliveries that it has not taken, and frames that it holds. */
  readonly waiting: number;
  /** Whether it takes nothing at the moment. */
  readonly failing: boolean;
}

export interface QueueOptions {
  readonly sinks: readonly LiveSink[];
  readonly memoryBytes: number;
  /** Aborted: what is not taken at once is given up. */
  readonly giveUp: AbortSignal;
  /** Told once when a sink stops taking, and once when it takes again (null). */
  readonly onTrouble: (sink: LiveSink, error: Error | null) => void;
  readonly onDelivered: (delivery: Delivery) => void;
}

interface Entry {
  readonly delivery: Delivery | Promise<Delivery>;
  readonly bytes: number;
}

export function createQueue(options: QueueOptions): Queue {
  const entries: Entry[] = [];
  let [bytes, undelivered, running] = [0, 0, false];
  let waiters: (() => void)[] = [];
  /** Of each sink: frames that it took, whether it has taken what stands first, and whether it fails. */
  const states = new Map(options.sinks.map((sink) => [sink, { taken: 0, ahead: 0, failing: false }]));
  const wake = (): void => {
    const woken = waiters;
    waiters = [];
    for (const one of woken) one();
  };
  const changed = (): Promise<void> => new Promise((resolve) => waiters.push(resolve));

  /** Asks `sink` until it does `what`; false where it was given up. */
  async function insist(sink: LiveSink, what: () => Promise<void>): Promise<boolean> {
    for (let troubled = false; ;) {
      try {
        await what();
        states.get(sink)!.failing = false;
        if (troubled) options.onTrouble(sink, null);
        return true;
      } catch (error) {
        states.get(sink)!.failing = true;
        if (!troubled) options.onTrouble(sink, error as Error);
        troubled = true;
        if (options.giveUp.aborted) return false;
        await pause(RETRY_MS, undefined, { signal: options.giveUp }).catch(() => undefined);
      }
    }
  }

  async function offer(sink: LiveSink, delivery: Delivery): Promise<boolean> {
    const took = await insist(sink, () => sink.deliver(delivery));
    const state = states.get(sink)!;
    state.ahead = 1;
    if (took && delivery.kind === 'frame') state.taken += 1;
    return took;
  }

  async function run(): Promise<void> {
    running = true;
    for (let entry = entries[0]; entry !== undefined; entry = entries[0]) {
      const delivery = await entry.delivery;
      const taken = await Promise.all(options.sinks.map((sink) => offer(sink, delivery)));
      if (taken.includes(false)) undelivered += 1;
      entries.shift();
      for (const state of states.values()) state.ahead = 0;
      bytes -= entry.bytes;
      options.onDelivered(delivery);
      wake();
    }
    running = false;
    wake();
  }

  return {
    push(delivery, size) {
      entries.push({ delivery, bytes: size });
      bytes += size;
      if (!running) void run();
    },
    waitingBytes: () => bytes,
    waiting: () => entries.length,
    async roomFor(size) {
      while (entries.length > 0 && bytes + size > options.memoryBytes) await changed();
    },
    async close() {
      while (running) await changed();
      for (const sink of options.sinks)
        if (!(await insist(sink, () => sink.close()))) undelivered += sink.held?.() ?? 0;
    },
    undelivered: () => undelivered,
    sinks: () =>
      [...states].map(([sink, { taken, ahead, failing }]) => {
        const held = sink.held?.() ?? 0;
        return {
          name: sink.name,
          written: taken - held,
          waiting: Math.max(0, entries.length - ahead) + held,
          failing,
        };
      }),
  };
}
