/** `vetoc live` and a detector, both as processes; watched from outside. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { EmulatorOrders } from '../../live/emulator-process.js';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const fileAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const LOOK_EVERY_MS = 500;
/** Linux counts processor time in these. */
const TICKS_PER_SECOND = 100;

export interface LiveRunRequest {
  readonly folder: string;
  readonly run: string;
  readonly pool: string;
  readonly processes: number;
  /** Frames a second; 0: as many as are taken. */
  readonly rate: number;
  readonly frames: number;
  readonly name: string;
}

export interface LiveRunFigures {
  readonly decisions: string;
  readonly frames: number;
  /** From the first image to the last decision. */
  readonly seconds: number;
  /** Of all processes of `vetoc live`, in that time. */
  readonly cpuSeconds: number;
  /** Bytes of all of them; what they share counts once. */
  readonly memory: {
    readonly samples: readonly number[];
    readonly last: number;
    readonly most: number;
    /** The median around that share of the time. */
    after(share: number): number;
  };
}

/** `pid` and the processes under it. */
function family(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [
    pid,
    ...children
      .split(' ')
      .filter(Boolean)
      .flatMap((child) => family(Number(child))),
  ];
}

const memoryOf = (pids: readonly number[]): number =>
  pids.reduce(
    (sum, pid) =>
      sum + 1024 * Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))![1]),
    0,
  );

function cpuOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND;
}

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)]!;

/** A port that nobody has: two benches at once would take each other's frames. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the command; resolves once it waits for its source. */
async function startCommand(
  { run, folder, name, processes }: LiveRunRequest,
  address: string,
): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [
      ...['--import', tsx, fileAt('../../../src/cli/main.ts'), 'live', run],
      ...['--from', `dectris://${address}`, '--to', join(folder, `${name}.jsonl`)],
      ...['--series', '1', '--processes', String(processes)],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr!.on('data', (text: Buffer) => {
      said += String(text);
      if (said.includes('waiting for')) resolve();
    });
    child.once('exit', () => {
      reject(new Error(said));
    });
  });
  return child;
}

/** Sends `frames` frames through the command, and waits for its end. */
export async function runLive(request: LiveRunRequest): Promise<LiveRunFigures> {
  const { folder, name, rate, frames, pool, processes } = request;
  const decisions = join(folder, `${name}.jsonl`);
  await rm(decisions, { force: true });
  const address = `127.0.0.1:${await freePort()}`;
  const command = await startCommand(request, address);
  const orders: EmulatorOrders = { bind: `tcp://${address}`, pool, frames, rate };
  const emulator = fork(fileAt('../../live/emulator-process.ts'), [JSON.stringify(orders)], {
    execArgv: ['--import', tsx],
  });
  const gone = once(emulator, 'exit');
  let [begun, began, cpu] = [0, 0, 0];
  emulator.once('message', () => {
    [begun, began] = [performance.now(), cpuOf(family(command.pid!))];
  });
  const samples: number[] = [];
  let over = false;
  const watch = (async () => {
    while (!over) {
      await pause(LOOK_EVERY_MS);
      try {
        if (begun === 0) continue;
        const pids = family(command.pid!);
        // The first that end take their figures with them.
        if (pids.length <= processes) continue;
        samples.push(memoryOf(pids));
        cpu = cpuOf(pids) - began;
      } catch (error) {
        // A process that ends while it is looked at.
        if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      }
    }
  })();
  await once(command, 'exit');
  const ended = performance.now();
  over = true;
  await watch;
  await gone;
  const at = (share: number): number => Math.floor(share * (samples.length - 1));
  return {
    decisions,
    frames,
    seconds: (ended - begun) / 1e3,
    cpuSeconds: cpu,
    memory: {
      samples,
      last: median(samples.slice(-9)),
      most: Math.max(...samples),
      after: (share) => median(samples.slice(at(share), at(share) + 9)),
    },
  };
}
