#!/usr/bin/env node
/** The command line: the only place that reads arguments and sets the exit code. */
import { createProgram } from './program.js';
import { endWithOutput, reportError } from './exit.js';
import { endOnSignals } from './interrupt.js';

endWithOutput();
endOnSignals();
try {
  const called = process.argv.slice(2).find((word) => !word.startsWith('-') && word !== 'help');
  const program = await createProgram(called);
  await program.parseAsync(process.argv);
} catch (error) {
  process.exitCode = reportError(error);
}
