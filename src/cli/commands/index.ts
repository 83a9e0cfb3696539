/** The list of commands, in the order of `vetoc --help`. */
import type { Command } from 'commander';
import { registerAudit } from './audit.js';
import { registerEvaluate } from './evaluate.js';
import { registerExplain } from './explain.js';
import { registerInspect } from './inspect.js';
import { registerRun } from './run.js';
import { registerSimulate } from './simulate.js';
import { registerSpotfind } from './spotfind.js';
import { registerVerify } from './verify.js';

const COMMANDS: readonly ((program: Command) => void)[] = [
  registerRun,
  registerInspect,
  registerSimulate,
  registerEvaluate,
  registerVerify,
  registerExplain,
  registerSpotfind,
  registerAudit,
];

export function registerCommands(program: Command): void {
  for (const register of COMMANDS) register(program);
}
