#!/usr/bin/env node
/** The command line: the only place that reads arguments and sets the exit code. */
import { createProgram } from './program.js';
import { reportError } from './exit.js';

try {
  const program = await createProgram(process.argv[2]);
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = reportError(error);
}
