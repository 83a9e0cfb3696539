/** What a command does where its output breaks. A child process: the streams of this one are vitest's. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

/** Runs `script` in bash, where `$vetoc` is the command line. */
function shell(script: string): { readonly code: number | null; readonly stderr: string } {
  const vetoc = `${process.execPath} --import tsx ${join(ROOT, 'src/cli/main.ts')}`;
  const { status, stderr } = spawnSync('bash', ['-c', script], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, vetoc },
  });
  return { code: status, stderr };
}

describe('output that breaks', () => {
  it('behind a full disk is said in words, with the exit code of what may pass', () => {
    const { code, stderr } = shell('$vetoc targets --json > /dev/full');
    expect(code).toBe(75);
    expect(stderr).toMatch(/^vetoc: output: no space left on the disk/);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('because a reader has seen enough is no error', () => {
    const { code, stderr } = shell('$vetoc targets --json | head -c 1; exit ${PIPESTATUS[0]}');
    expect(code).toBe(0);
    expect(stderr).toBe('');
  });
});
