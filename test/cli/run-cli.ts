/** Runs the command line in this process and catches what it prints. */
import { expect, vi } from 'vitest';
import { reportError } from '../../src/cli/exit.js';
import { createProgram } from '../../src/cli/program.js';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runCli(...args: readonly string[]): Promise<CliResult> {
  let stdout = '';
  let stderr = '';
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  const err = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  const before = process.exitCode;
  process.exitCode = 0;
  try {
    const program = await createProgram(args[0]);
    await program.parseAsync(['node', 'vetoc', ...args]);
    return { code: Number(process.exitCode), stdout, stderr };
  } catch (error) {
    return { code: reportError(error), stdout, stderr };
  } finally {
    process.exitCode = before;
    out.mockRestore();
    err.mockRestore();
  }
}

/** What a command prints, or its exit code and its last words in one line; never a stack. */
export async function answerOf(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(...args);
  expect(stderr).not.toMatch(/ at .*\.ts/);
  return code === 0
    ? stdout
    : `exit ${code}: ${stderr.slice(stderr.lastIndexOf('vetoc: ')).replace(/\s+/g, ' ')}`;
}
