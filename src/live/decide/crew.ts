/**
 * Processes that decide: a crash of a native library ends one of them, not the session. One that dies is replaced, and
 * what it had is given to another once; what ends two processes is not decided, and said so: the frame is then kept.
 */
import { startProcess, type ChildProcess } from '../../core/worker.js';
import type { LiveImage } from '../image.js';
import {
  SETUPS_KEPT,
  type Answer,
  type Networks,
  type Ready,
  type SeriesSetup,
  type Verdict,
  type Work,
} from './work.js';

export type Decided = { readonly verdict: Verdict } | { readonly problem: string };

export interface Crew {
  /** Resolves when every process can decide, or none can be kept running. */
  readonly ready: () => Promise<void>;
  /** Frames that are with a process, or wait for one. */
  readonly pending: () => number;
  /** Processes that had to be replaced. */
  readonly replaced: () => number;
  readonly decide: (setup: SeriesSetup, image: LiveImage) => Promise<Decided>;
  /** Frames that are submitted from now on are decided by these. */
  readonly exchange: (networks: Networks) => void;
  readonly close: () => Promise<void>;
  /** The processes as they are: a test ends them. */
  readonly processes: () => readonly ChildProcess[];
}

interface Task {
  readonly work: Extract<Work, { kind: 'frame' }>;
  readonly setup: SeriesSetup;
  readonly settle: (decided: Decided) => void;
  /** Those that decide it. */
  readonly networks: Networks;
  tries: number;
}

interface Hand {
  readonly worker: ChildProcess;
  readonly tasks: Map<number, Task>;
  /** The networks that it has. */
  networks: Networks;
  /** The series whose set-ups it has; as the process itself, it forgets the first of them. */
  readonly setups: number[];
}

/** Frames that a process is given before it has decided the first: two batches. More would be held in memory twice. */
const MOST_GIVEN = 16;
/** A frame that was with so many processes when they died is not tried again. */
const MOST_TRIES = 2;
/** How often each may end without a decision in a row, until no more are started. */
const MOST_BARREN = 3;
/** How long a process may take to end when it is told to, ms. */
const END_MS = 3000;

/** Starts `count` processes. Close the crew to end them. */
export function createCrew(first: Networks, count: number): Crew {
  let networks = first;
  let [replaced, barren, nextTask, closed] = [0, 0, 0, false];
  const all: Hand[] = [];
  /** In the order of receipt, but for those whose process died. */
  const waiting: Task[] = [];
  let toOpen = count;
  let opened: () => void;
  const ready = new Promise<void>((resolve) => (opened = resolve));

  function start(): Hand {
    const worker = startProcess('./decide-worker', import.meta.url);
    const hand: Hand = { worker, tasks: new Map(), networks, setups: [] };
    send(hand, { kind: 'networks', networks });
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
      handOut();
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
    const again = [...dead.tasks.values()].filter(({ tries, settle }) => {
      if (tries >= MOST_TRIES) settle({ problem: 'it ended two processes' });
      return tries < MOST_TRIES;
    });
    waiting.unshift(...again);
    handOut();
  }

  /** Gives frames that wait to those that have least to do. */
  function handOut(): void {
    const [one, ...others] = all;
    if (one === undefined)
      for (const task of waiting.splice(0))
        task.settle({ problem: 'no process that decides can be kept running' });
    else
      while (waiting.length > 0) {
        const freest = others.reduce((best, next) => (next.tasks.size < best.tasks.size ? next : best), one);
        if (freest.tasks.size >= MOST_GIVEN) return;
        give(freest, waiting.shift()!);
      }
  }

  function send(hand: Hand, work: Work): void {
    if (hand.worker.connected) hand.worker.send(work);
  }

  function give(hand: Hand, task: Task): void {
    // A network that took over after this frame came does not decide it, and one that comes again with it is the newer.
    if (hand.networks !== task.networks && task.tries === 0) {
      hand.networks = task.networks;
      send(hand, { kind: 'networks', networks: task.networks });
    }
    const { setup } = task;
    if (!hand.setups.includes(setup.series)) {
      send(hand, { kind: 'series', setup });
      if (hand.setups.push(setup.series) > SETUPS_KEPT) hand.setups.shift();
    }
    task.tries += 1;
    hand.tasks.set(task.work.task, task);
    send(hand, task.work);
  }

  for (let i = 0; i < count; i++) all.push(start());
  return {
    ready: () => ready,
    pending: () => all.reduce((sum, { tasks }) => sum + tasks.size, waiting.length),
    replaced: () => replaced,
    decide: (setup, image) =>
      new Promise((settle) => {
        const work = { kind: 'frame', task: nextTask++, series: setup.series, image } as const;
        waiting.push({ work, setup, settle, networks, tries: 0 });
        handOut();
      }),
    exchange(next) {
      networks = next;
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
