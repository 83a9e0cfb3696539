/**
 * Processes that decide: a crash of a native library ends one of them, not the session. One that dies is replaced, and
 * what it had is given to another once; what ends two processes is not decided, and said so: the frame is then kept.
 */
import { startProcess, type ChildProcess } from '../../core/worker.js';
import type { LiveImage } from '../image.js';
import type { Answer, Networks, Ready, SeriesSetup, Verdict, Work } from './work.js';

export type Decided = { readonly verdict: Verdict } | { readonly problem: string };

export interface Crew {
  /** Resolves when every process can decide, or none can be kept running. */
  readonly ready: () => Promise<void>;
  /** Frames that are with a process. */
  readonly pending: () => number;
  /** Processes that had to be replaced. */
  readonly replaced: () => number;
  /** What holds for the frames of a series. */
  readonly begin: (setup: SeriesSetup) => void;
  readonly decide: (series: number, image: LiveImage) => Promise<Decided>;
  /** Frames that are submitted from now on are decided by these. */
  readonly exchange: (networks: Networks) => void;
  readonly close: () => Promise<void>;
  /** The processes as they are: a test ends them. */
  readonly processes: () => readonly ChildProcess[];
}

interface Task {
  readonly work: Extract<Work, { kind: 'frame' }>;
  readonly settle: (decided: Decided) => void;
  tries: number;
}

interface Hand {
  readonly worker: ChildProcess;
  readonly tasks: Map<number, Task>;
}

/** A frame that was with so many processes when they died is not tried again. */
const MOST_TRIES = 2;
/** How often each may end without a decision in a row, until no more are started. */
const MOST_BARREN = 3;
/** How long a process may take to end when it is told to, ms. */
const END_MS = 3000;
/** Series that are remembered for a process that is started anew. */
const SERIES_KEPT = 4;

/** Starts `count` processes. Close the crew to end them. */
export function createCrew(first: Networks, count: number): Crew {
  let networks = first;
  let [replaced, barren, nextTask, closed] = [0, 0, 0, false];
  const series: SeriesSetup[] = [];
  const all: Hand[] = [];
  let toOpen = count;
  let opened: () => void;
  const ready = new Promise<void>((resolve) => (opened = resolve));

  function start(): Hand {
    const worker = startProcess('./decide-worker', import.meta.url);
    const hand: Hand = { worker, tasks: new Map() };
    send(hand, { kind: 'networks', networks });
    for (const one of series) send(hand, { kind: 'series', setup: one });
    worker.on('message', (answer: Answer | Ready) => {
      if ('ready' in answer) {
        toOpen -= 1;
        if (toOpen <= 0) opened();
        return;
      }
      const task = hand.tasks.get(answer.task);
      if (task === undefined) return;
      hand.tasks.delete(answer.task);
      barren = 0;
      if ('verdict' in answer) task.settle({ verdict: answer.verdict });
      else task.settle({ problem: 'damaged' in answer ? answer.damaged : `a defect: ${answer.defect}` });
    });
    // What cannot be started or sent to has ended or will: 'exit' does what is to be done.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      if (!closed) replace(hand);
    });
    return hand;
  }

  function replace(dead: Hand): void {
    replaced += 1;
    barren += 1;
    all.splice(all.indexOf(dead), 1);
    if (barren <= MOST_BARREN * count) all.push(start());
    else opened();
    for (const task of dead.tasks.values()) {
      if (task.tries >= MOST_TRIES) task.settle({ problem: 'it ended two processes' });
      else assign(task);
    }
  }

  function assign(task: Task): void {
    const [one, ...others] = all;
    if (one === undefined) task.settle({ problem: 'no process that decides can be kept running' });
    else
      give(
        others.reduce((best, next) => (next.tasks.size < best.tasks.size ? next : best), one),
        task,
      );
  }

  function send(hand: Hand, work: Work): void {
    if (hand.worker.connected) hand.worker.send(work);
  }

  function give(hand: Hand, task: Task): void {
    task.tries += 1;
    hand.tasks.set(task.work.task, task);
    send(hand, task.work);
  }

  for (let i = 0; i < count; i++) all.push(start());
  return {
    ready: () => ready,
    pending: () => all.reduce((sum, { tasks }) => sum + tasks.size, 0),
    replaced: () => replaced,
    begin(one) {
      series.push(one);
      if (series.length > SERIES_KEPT) series.shift();
      for (const hand of all) send(hand, { kind: 'series', setup: one });
    },
    decide: (number, image) =>
      new Promise((settle) => {
        const work = { kind: 'frame', task: nextTask++, series: number, image } as const;
        assign({ work, settle, tries: 0 });
      }),
    exchange(next) {
      networks = next;
      for (const hand of all) send(hand, { kind: 'networks', networks });
    },
    async close() {
      closed = true;
      await Promise.all(all.map(({ worker }) => ended(worker)));
    },
    processes: () => all.map(({ worker }) => worker),
  };
}

/** Ends `worker` once what it computes is done: to be killed within a native call would be a crash report. */
function ended(worker: ChildProcess): Promise<void> {
  if (!worker.connected) return Promise.resolve();
  return new Promise((resolve) => {
    const late = setTimeout(() => worker.kill('SIGKILL'), END_MS);
    worker.once('exit', () => {
      clearTimeout(late);
      resolve();
    });
    worker.disconnect();
  });
}
