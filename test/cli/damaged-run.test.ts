/** A run whose files were damaged, a compiler that dies, a command that is interrupted. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.js';
import { TINY } from './tiny-recipe.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-damaged-'));
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  writeFileSync(at('tiny.json'), JSON.stringify(TINY));
  const { code, stderr } = await runCli('run', at('tiny.json'), '--out', at('run'));
  expect(stderr).not.toMatch(/^vetoc:/m);
  expect(code).toBe(0);
  await runCli('export', 'hls', at('run'), '--reloadable', '--out', at('firmware'));
}, 300_000);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a run with one byte flipped', () => {
  it.each([
    ['estimate', ['estimate', at('run')]],
    ['export onnx', ['export', 'onnx', at('run'), '--out', at('never')]],
    ['export hls', ['export', 'hls', at('run'), '--out', at('never')]],
    ['export rtl', ['export', 'rtl', at('run'), '--out', at('never')]],
    ['export weights', ['export', 'weights', at('run'), '--firmware', at('firmware'), '--out', at('never')]],
    ['print', ['print', at('run'), 'schedule']],
    ['quantize', ['quantize', at('run'), '--out', at('never')]],
    ['live', ['live', at('run'), '--from', 'simulate://?frames=1']],
    ['verify', ['verify', at('run'), '--dry-run']],
  ])('is refused by %s, with the name of the file', async (_, args) => {
    for (const name of ['fixed.bin', 'onnx/fixed.onnx']) {
      const file = join(at('run'), name);
      const whole = readFileSync(file);
      const damaged = Buffer.from(whole);
      damaged[damaged.length >> 1]! ^= 1;
      writeFileSync(file, damaged);
      try {
        const { code, stderr } = await runCli(...args);
        expect(stderr).toContain(`${file}: is damaged`);
        expect(code).toBe(2);
      } finally {
        writeFileSync(file, whole);
      }
    }
  });

  it('is taken again once the byte is back, and an export into it is no damage', async () => {
    expect((await runCli('export', 'onnx', at('run'), '--dialect', 'fixed', 'qonnx')).code).toBe(0);
    expect((await runCli('estimate', at('run'))).code).toBe(0);
  });
});

const verify = (compiler: string): readonly string[] => [
  ...['verify', at('run'), '--simulators', 'csim', '--compiler', compiler, '--count', '1', '--dry-run'],
  ...['--json', '--drills', '0', '--aimed', '0', '--random', '1', '--tries', '0'],
];

describe('a compiler', () => {
  it.each([
    ['is killed', 'kill -9 $$', 'incomplete'],
    ['has no room', 'echo "error writing to /tmp/x.s: No space left on device" >&2; exit 1', 'incomplete'],
    ['refuses the code', 'echo "x.cpp:1:1: error: expected" >&2; exit 1', 'different'],
  ])('that %s', async (_, body, verdict) => {
    const compiler = join(mkdtempSync(at('dies-')), 'g++');
    writeFileSync(compiler, `#!/bin/bash\n${body}\n`, { mode: 0o755 });
    const { stdout } = await runCli(...verify(compiler));
    expect((JSON.parse(stdout) as { verdict: string }).verdict).toBe(verdict);
  });

  it('ends with vetoc, also when that alone is interrupted', async () => {
    const mark = `vetoc-${process.pid}-slow`;
    const compiler = join(mkdtempSync(at('slow-')), 'g++');
    // A driver that leaves its compiler to itself, as that of GCC does.
    writeFileSync(compiler, `#!/bin/bash\nbash -c 'exec -a ${mark} sleep 300' &\nwait\n`, { mode: 0o755 });
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...verify(compiler)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const code = await new Promise((resolve) => {
      child.stderr.on('data', (text: Buffer) => {
        if (text.includes('compiling')) setTimeout(() => child.kill('SIGINT'), 1000);
      });
      child.on('exit', resolve);
    });
    expect(code).toBe(130);
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(mark);
  });
});
