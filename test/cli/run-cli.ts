/** Runs the command line in this process and catches what it prints. */
import { vi } from 'vitest';
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
