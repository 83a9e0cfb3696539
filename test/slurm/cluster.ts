/**
 * A real Slurm for tests: Debian's daemons on this machine, two nodes, everything in a folder of its own. Wants root and the packages
 * slurmctld, slurmd, slurm-client and munge; whoever lacks one is told which.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

const NEEDED = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol', 'sinfo'] as const;
const WAIT_MS = 15_000;

const has = (program: string): boolean => spawnSync('bash', ['-c', `command -v ${program}`]).status === 0;

/** What is missing for a cluster here; null for nothing. */
export function lacking(): string | null {
  if (process.getuid?.() !== 0) return 'root';
  return NEEDED.find((program) => !has(program)) ?? null;
}

export interface Cluster {
  /** For `process.env`: what Slurm's commands read. */
  readonly conf: string;
  /** Whether tasks run on a node; the node's state, as sinfo calls it. */
  readonly isBusy: (node: string) => boolean;
  readonly stateOf: (node: string) => string;
  /** Kills the daemon of a node with all that its jobs started, as a loss of power does. */
  lose(node: string): void;
  /** Starts the daemon of a node that was lost. */
  revive(node: string): Promise<void>;
  stop(): Promise<void>;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = Date.now() + WAIT_MS;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`${what} did not come up`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** The slurmstepd that started a job's process; the process itself where none did. */
function watcherOf(pid: number): number {
  try {
    const [, parent] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
    return readFileSync(`/proc/${parent}/comm`, 'utf8').trim() === 'slurmstepd' ? Number(parent) : pid;
  } catch {
    return pid;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Processes whose environment has both of these. */
function processesOf(...facts: readonly string[]): number[] {
  const environment = (pid: string): string[] => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    } catch {
      return [];
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const known = environment(pid);
      return facts.every((fact) => known.includes(fact));
    })
    .map(Number);
}

/** Starts the daemons with everything under `folder`. */
export async function startCluster(folder: string): Promise<Cluster> {
  for (const name of ['run', 'log', 'state', 'spool-n1', 'spool-n2'])
    mkdirSync(join(folder, name), { recursive: true, mode: 0o755 });
  const at = (...names: readonly string[]): string => join(folder, ...names);
  const conf = at('slurm.conf');
  const text = readFileSync(join(import.meta.dirname, 'slurm.conf.in'), 'utf8');
  writeFileSync(conf, text.replaceAll('FOLDER', folder).replaceAll('HOST', hostname()));
  writeFileSync(at('munge.key'), randomBytes(1024), { mode: 0o600 });
  const env = { ...process.env, SLURM_CONF: conf };
  const daemons = new Map<string, ChildProcess>();
  const start = (name: string, program: string, args: readonly string[]): void => {
    const log = openSync(at('log', `${name}.out`), 'a');
    daemons.set(name, spawn(program, [...args], { env, stdio: ['ignore', log, log], detached: true }));
  };
  const socket = at('run', 'munge.sock');
  const files = { socket, 'pid-file': at('run', 'munged.pid'), 'log-file': at('log', 'munged.log'), 'seed-file': at('run', 'munged.seed'), 'key-file': at('munge.key') }; // prettier-ignore
  start('munged', 'munged', ['--foreground', '--force', ...Object.entries(files).map(([k, v]) => `--${k}=${v}`)]); // prettier-ignore
  await until('munged', () => statSync(socket, { throwIfNoEntry: false }) !== undefined);
  start('slurmctld', 'slurmctld', ['-D', '-i']);
  const idle = (): string => spawnSync('sinfo', ['-h', '-N', '-t', 'idle', '-o', '%N'], { env, encoding: 'utf8' }).stdout; // prettier-ignore
  const startNode = async (node: string): Promise<void> => {
    start(node, 'slurmd', ['-D', '-N', node]);
    await until(node, () => idle().includes(node));
  };
  await Promise.all(['n1', 'n2'].map(startNode));
  const kill = (name: string, signal: NodeJS.Signals): void => {
    const daemon = daemons.get(name);
    if (daemon?.pid !== undefined && daemon.exitCode === null && daemon.signalCode === null)
      process.kill(daemon.pid, signal);
  };
  const said = (program: string, ...args: readonly string[]): string =>
    spawnSync(program, [...args], { env, encoding: 'utf8' }).stdout.trim();
  return {
    conf,
    isBusy: (node) => said('squeue', '-h', '-r', '-t', 'R', '-w', node) !== '',
    stateOf: (node) => said('sinfo', '-h', '-N', '-n', node, '-o', '%T'),
    lose(node) {
      kill(node, 'SIGKILL');
      const jobs = processesOf(`SLURMD_NODENAME=${node}`, `SLURM_CONF=${conf}`);
      // Those that watch them first: they would tell the controller.
      for (const pid of [...new Set(jobs.map(watcherOf)), ...jobs]) killIfThere(pid);
    },
    revive: startNode,
    async stop() {
      execFileSync('scancel', ['--user=root'], { env });
      await new Promise((done) => setTimeout(done, 500));
      for (const name of ['n1', 'n2', 'slurmctld', 'munged']) kill(name, 'SIGTERM');
      const gone = (): boolean =>
        [...daemons.values()].every(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
      await until('the end of the daemons', gone);
    },
  };
}
