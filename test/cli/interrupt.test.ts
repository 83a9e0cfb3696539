import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Starts `vetoc run demo --out OUT` and sends `signal` once training has begun. */
function interrupted(out: string, signal: NodeJS.Signals): Promise<number | null> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'run', 'demo', '--out', out], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      if (text.includes('Train')) child.kill(signal);
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      resolve(code);
    });
  });
}

it('Ctrl-C leaves nothing behind; a kill leaves nothing that looks finished', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-interrupt-'));
  try {
    const out = join(folder, 'run');
    expect(await interrupted(out, 'SIGINT')).toBe(130);
    expect(existsSync(out)).toBe(false);
    expect(existsSync(`${out}.partial`)).toBe(false);
    await interrupted(out, 'SIGKILL');
    expect(existsSync(out)).toBe(false);
    expect(existsSync(join(`${out}.partial`, 'recipe.json'))).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 400_000);
