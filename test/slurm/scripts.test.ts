/** What `vetoc slurm` would submit, without a cluster: the scripts are bash, and hold the words that were typed. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.js';
import { arrayText } from '../../src/run/shards/gather.js';
import type { SlurmScripts } from '../../src/run/slurm/array.js';
import { arrayScript } from '../../src/run/slurm/scripts.js';
import { slurmWords, sweepWords } from '../../src/run/slurm/words.js';
import { writeShardedRun, type ShardedRun } from '../shards/sharded-run.js';

const root = mkdtempSync(join(tmpdir(), 'vetoc-scripts-'));
let made: ShardedRun;
beforeAll(async () => {
  made = await writeShardedRun(root, 2, 40);
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const isBash = (text: string): void => {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
};

it('an audit: an array over all shards and a merge behind it, nothing written', async () => {
  const out = join(root, "beam's night");
  const { code, stdout, stderr } = await runCli('slurm', 'audit', made.run, '--frames', ...made.files, '-p', 'min_snr=7', '--out', out, '--shards', '3', '--vetoc', 'npx vetoc', '--dry-run', '--json', '--', '--partition=day', '-t', '10'); // prettier-ignore
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  const { array, after } = JSON.parse(stdout) as SlurmScripts;
  for (const { text } of [array, after!]) isBash(text);
  const typed = `npx vetoc audit ${made.run} --frames ${made.files.join(' ')} -p min_snr=7 --out '${root}/beam'\\''s night'`;
  expect(array.text).toContain(
    `\n${typed} --threads "\${SLURM_CPUS_PER_TASK:-1}" --shard "$SLURM_ARRAY_TASK_ID/3" &\n`,
  );
  expect(array.submit).toEqual(['--array=0-2', '--partition=day', '-t', '10']);
  expect(after!.text).toContain(`\nnpx vetoc merge '${root}/beam'\\''s night'\n`);
  expect(after!.submit).toEqual(['--dependency=afterok:ARRAY', '--kill-on-invalid-dep=yes', '--partition=day', '-t', '10']); // prettier-ignore
  expect(existsSync(out)).toBe(false);
});

it('a mistake is said before anything is submitted', async () => {
  const words = [
    'slurm',
    'audit',
    made.run,
    '--frames',
    'none.h5',
    '--shards',
    '3',
    '--out',
    join(root, 'x'),
  ];
  expect(await runCli(...words)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/none\.h5/) as string,
  });
});

it('runs: a task for each recipe and seed', async () => {
  const { code, stdout } = await runCli('slurm', 'run', 'demo', 'veto', '--seeds', '2', '--out', 'sweep', '--target', 'zcu102', '--vetoc', 'vetoc', '--dry-run', '--json', '--', '--mem=4G'); // prettier-ignore
  expect(code).toBe(0);
  const { array, after } = JSON.parse(stdout) as SlurmScripts;
  isBash(array.text);
  expect(after).toBeNull();
  expect(array.submit).toEqual(['--array=0-3', '--mem=4G']);
  for (const [task, line] of [
    'demo --target zcu102 --seed 1 --out sweep/demo-1',
    'demo --target zcu102 --seed 2 --out sweep/demo-2',
    'veto --target zcu102 --seed 1 --out sweep/veto-1',
  ].entries())
    // prettier-ignore
    expect(array.text).toContain(`  ${task}) set -- ${line} ;;`);
  expect(array.text).toContain('\nvetoc run "$@" &\n');
});

/** Runs a task's script with a stand-in for scontrol; `call` is what the task does. */
function task(call: string, restarts: number): { readonly code: number | null; readonly stdout: string } {
  const script = join(root, 'task.sh');
  writeFileSync(join(root, 'scontrol'), '#!/bin/bash\necho "scontrol $*"\n', { mode: 0o755 });
  writeFileSync(script, arrayScript({ name: 'x', cwd: root, log: 'x.log' }, [call]));
  const env = { ...process.env, PATH: `${root}:${process.env['PATH']!}`, SLURM_ARRAY_JOB_ID: '7', SLURM_ARRAY_TASK_ID: '3', SLURM_RESTART_COUNT: String(restarts) }; // prettier-ignore
  const { status, stdout } = spawnSync('bash', [script], { env, encoding: 'utf8' });
  return { code: status, stdout };
}

it('a task goes back into the queue where its end may pass, and not for ever', () => {
  const requeued = expect.stringContaining('scontrol requeue 7_3') as string;
  expect(task('(exit 75)', 0)).toEqual({ code: 75, stdout: requeued });
  expect(task('bash -c "kill -9 \\$\\$"', 2)).toEqual({ code: 137, stdout: requeued });
  expect(task('(exit 75)', 3)).toEqual({ code: 75, stdout: '' });
  for (const code of [0, 1, 2, 3]) expect(task(`(exit ${code})`, 0)).toEqual({ code, stdout: '' });
});

it('a task that is told to end gets the signal, and its own exit code counts', () => {
  const call = `bash -c 'trap "echo ended; exit 75" TERM; sleep 0.5; kill -TERM $PPID; sleep 20 >/dev/null 2>&1 & wait $!'`;
  const { code, stdout } = task(call, 0);
  expect([code, stdout]).toEqual([75, expect.stringMatching(/ended\n[^]*requeue 7_3/)]);
});

it('numbers and words are taken apart as they were typed', () => {
  expect(arrayText([0, 1, 2, 5, 7, 8])).toBe('0-2,5,7-8');
  expect(slurmWords(['slurm', 'audit', 'r', '--shards=3', '--frames', 'a', '--poll', '2', '--json', '--', '-p', '--json'])).toEqual({ words: ['audit', 'r', '--frames', 'a'], sbatch: ['-p', '--json'] }); // prettier-ignore
  expect(sweepWords(['run', 'demo', '--out=x', '--target', 't'], ['demo'])).toEqual(['--target', 't']);
  expect(sweepWords(['run', '--out', 'x', 'demo', '--target', 't'], ['demo'])).toEqual(['--target', 't']);
});
