/**
 * An audit on a real Slurm: 400 files in an array, with tasks that are killed, that meet a full disk, and parts that are cut off
 * behind them. What is joined in the end is the ledger of one process that nobody disturbed.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli, type CliResult } from '../cli/run-cli.js';
import { TINY } from '../cli/tiny-recipe.js';
import { AT_NIGHT } from '../night.js';
import { hashOf, writeShardedRun, type ShardedRun } from '../shards/sharded-run.js';
import { lacking, startCluster, type Cluster } from './cluster.js';

const [FILES, EACH, SHARDS] = [400, 2, 4];
const missing = lacking();
const root = mkdtempSync(join(tmpdir(), 'vetoc-slurm-'));
const at = (...names: readonly string[]): string => join(root, ...names);
let made: ShardedRun;
let cluster: Cluster;

/**
 * Starts vetoc for a task, after what `faults/TASK` says; each fault once. The commands of this checkout, not of a package.
 */
const STARTER = `#!/bin/bash
fault=${root}/faults/$SLURM_ARRAY_TASK_ID
vetoc=(${process.execPath} --import tsx ${join(import.meta.dirname, '../../src/cli/main.ts')})
what=$(cat "$fault" 2>/dev/null)
rm -f "$fault"
case $what in
full) exit 75 ;;
kill) "\${vetoc[@]}" "$@" & sleep 2; kill -9 $!; wait $!; exit $? ;;
bad) echo "a mistake of the input"; exit 2 ;;
vanish) kill -9 $PPID; kill -9 $$ ;;
slow) sleep 12 ;;
hang) trap '' TERM; sleep 600 ;;
esac
exec "\${vetoc[@]}" "$@"
`;

const auditWords = (out: string): string[] => [made.run, '--frames', at('all.lst'), '--reference', '0', '--out', out]; // prettier-ignore
const slurm = (out: string, ...sbatch: readonly string[]): Promise<CliResult> =>
  runCli('slurm', 'audit', ...auditWords(out), '--shards', String(SHARDS), '--threads', '1', '--poll', '0.5', '--vetoc', `bash ${at('vetoc.sh')}`, '--', ...sbatch); // prettier-ignore

function fault(task: number, what: string): void {
  writeFileSync(at('faults', String(task)), what);
}

async function ledgerHash(folder: string): Promise<string> {
  const { code, stderr } = await runCli('audit', 'export', made.run, '--out', folder, '--csv', `${folder}.csv`, '--replace'); // prettier-ignore
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  return hashOf(`${folder}.csv`);
}

describe.skipIf(missing !== null)(`an audit on Slurm${missing === null ? '' : ` (needs ${missing})`}`, () => {
  beforeAll(async () => {
    made = await writeShardedRun(root, FILES, EACH);
    writeFileSync(at('all.lst'), made.files.map((file) => `${file}\n`).join(''));
    writeFileSync(at('vetoc.sh'), STARTER);
    for (const name of ['faults', 'cluster']) mkdirSync(at(name));
    cluster = await startCluster(at('cluster'));
    process.env['SLURM_CONF'] = cluster.conf;
    expect((await runCli('audit', ...auditWords(at('one')), '--threads', '2')).code).toBe(0);
  }, 240_000);
  afterAll(async () => {
    await cluster.stop();
    delete process.env['SLURM_CONF'];
    rmSync(root, { recursive: true, force: true });
  });

  it('goes on over kills and full disks, says what failed or vanished, and is the ledger of one process in the end', async () => {
    fault(0, 'full');
    fault(1, 'kill');
    fault(2, 'bad');
    fault(3, 'vanish');
    const first = await slurm(at('shared'));
    expect([first.code, first.stderr]).toEqual([1, expect.stringMatching(/vetoc-audit .*\d of 4 tasks/)]);
    // What may pass went back into the queue, what may not is named with its log.
    expect(first.stdout).toMatch(/^2 of 4 tasks are whole$/m);
    expect(first.stdout).toMatch(/task 2 failed: .*task-2\.log\n\s+a mistake of the input/);
    expect(first.stdout).toMatch(/task 3 failed: .*task-3\.log/);
    expect(first.stdout).toMatch(/The merge did not run/);
    for (const task of [0, 1])
      expect(readFileSync(at('shared', 'slurm', `task-${task}.log`), 'utf8')).toMatch(/may pass/);
    truncateSync(at('shared', 'part-0-of-4.parquet'), 500);
    const refused = await runCli('merge', at('shared'));
    for (const index of [2, 3])
      expect(refused.stderr).toMatch(
        new RegExp(`shard ${index} is missing: vetoc audit .* --shard ${index}/4`),
      );
    expect(refused.stderr).toMatch(/shard 0 is cut off: .* --shard 0\/4/);
    rmSync(at('shared', 'part-0-of-4.json'));
    const second = await slurm(at('shared'));
    expect([second.code, second.stdout]).toEqual([
      0,
      expect.stringMatching(/^4 of 4 tasks are whole\nJoined in/),
    ]);
    const one = await ledgerHash(at('one'));
    expect(await ledgerHash(at('shared'))).toBe(one);
    expect((await runCli('merge', at('shared'))).code).toBe(0);
    expect(await ledgerHash(at('shared'))).toBe(one);
  }, 400_000);

  // Minutes of waiting for Slurm's own clocks: nightly.
  if (AT_NIGHT) {
    it('goes on where a node goes down with its tasks', async () => {
      for (let task = 0; task < SHARDS; task++) fault(task, 'slow');
      const done = slurm(at('lost'));
      while (!cluster.isBusy('n1')) await new Promise((go) => setTimeout(go, 200));
      // Until its tasks are at work.
      await new Promise((go) => setTimeout(go, 3000));
      cluster.lose('n1');
      const { code, stdout } = await done;
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^4 of 4 tasks are whole\nJoined in/)]);
      expect(cluster.stateOf('n1')).toMatch(/^down/);
      await cluster.revive('n1');
      expect(await ledgerHash(at('lost'))).toBe(await ledgerHash(at('one')));
    }, 400_000);

    it('names a task that ran into its time limit, and is whole when the command is given again', async () => {
      fault(1, 'hang');
      const limited = ['--time=1', '--signal=B:TERM@10'];
      const first = await slurm(at('limited'), ...limited);
      expect(first.code).toBe(1);
      expect(first.stdout).toMatch(/^3 of 4 tasks are whole$/m);
      expect(first.stdout).toMatch(/task 1 failed: .*task-1\.log\n\s+slurmstepd.* CANCELLED AT/);
      const second = await slurm(at('limited'), ...limited);
      expect([second.code, second.stdout]).toEqual([
        0,
        expect.stringMatching(/^4 of 4 tasks are whole\nJoined/),
      ]);
      expect(await ledgerHash(at('limited'))).toBe(await ledgerHash(at('one')));
    }, 400_000);

    it('runs a recipe with several seeds, and lists what came out', async () => {
      writeFileSync(at('tiny.json'), JSON.stringify(TINY));
      const sweep = (): Promise<CliResult> =>
        runCli('slurm', 'run', at('tiny.json'), '--seeds', '2', '--out', at('sweep'), '--poll', '0.5', '--vetoc', `bash ${at('vetoc.sh')}`); // prettier-ignore
      const first = await sweep();
      expect([first.code, first.stdout]).toEqual([0, expect.stringMatching(/2 of 2 tasks are whole/)]);
      for (const name of ['tiny-1', 'tiny-2'])
        expect(first.stdout).toMatch(new RegExp(`sweep/${name} .* exact$`, 'm'));
      const digests = ['tiny-1', 'tiny-2'].map((name) => hashOf(at('sweep', name, 'fixed.bin')));
      expect(new Set(digests).size).toBe(2);
      const again = await sweep();
      expect([again.code, again.stdout]).toEqual([0, first.stdout]);
    }, 600_000);
  }
});
