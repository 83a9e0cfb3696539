/** `vetoc live` in a process of its own, for tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Starts `vetoc live` in a process of its own; `said` resolves once stderr holds `text`. */
export function startLiveOf(run: string, ...args: readonly string[]) {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', tsx, main, 'live', run, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += String(text)));
  child.stderr.on('data', (text: Buffer) => (stderr += String(text)));
  const done = once(child, 'close').then(([code]) => ({ code: code as number, stdout, stderr }));
  return {
    child,
    done,
    async said(text: string): Promise<void> {
      while (!stderr.includes(text)) {
        if (child.exitCode !== null) throw new Error(stderr);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    stderr: (): string => stderr,
    lines: (): number => stdout.split('\n').length - 1,
  };
}

export const scoresOf = (stdout: string): readonly (number | null)[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly score: number | null }).score);
