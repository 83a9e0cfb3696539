/** The list of commands, in the order of `vetoc --help`. */
import type { Command } from 'commander';
import { registerAudit } from './audit.js';
import { registerCompare } from './compare.js';
import { registerEstimate } from './estimate.js';
import { registerEvaluate } from './evaluate.js';
import { registerExplain } from './explain.js';
import { registerExport } from './export.js';
import { registerFilter } from './filter.js';
import { registerImport } from './import.js';
import { registerInspect } from './inspect.js';
import { registerQuantize } from './quantize.js';
import { registerRun } from './run.js';
import { registerScore } from './score.js';
import { registerSimulate } from './simulate.js';
import { registerSpotfind } from './spotfind.js';
import { registerTargets } from './targets.js';
import { registerVerify } from './verify.js';

const COMMANDS: readonly ((program: Command) => void)[] = [
  registerRun,
  registerImport,
  registerInspect,
  registerSimulate,
  registerEvaluate,
  registerFilter,
  registerQuantize,
  registerCompare,
  registerScore,
  registerVerify,
  registerExplain,
  registerSpotfind,
  registerAudit,
  registerTargets,
  registerEstimate,
  registerExport,
];

export function registerCommands(program: Command): void {
  for (const register of COMMANDS) register(program);
}
