/** The commands, in the order of `vetoc --help`. Each is loaded when it is needed: all of them take most of a second. */
import type { Command } from 'commander';

type Register = (program: Command) => void;

const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  run: async () => (await import('./run.js')).registerRun,
  import: async () => (await import('./import.js')).registerImport,
  inspect: async () => (await import('./inspect.js')).registerInspect,
  simulate: async () => (await import('./simulate.js')).registerSimulate,
  evaluate: async () => (await import('./evaluate.js')).registerEvaluate,
  filter: async () => (await import('./filter.js')).registerFilter,
  quantize: async () => (await import('./quantize.js')).registerQuantize,
  compare: async () => (await import('./compare.js')).registerCompare,
  score: async () => (await import('./score.js')).registerScore,
  verify: async () => (await import('./verify.js')).registerVerify,
  explain: async () => (await import('./explain.js')).registerExplain,
  spotfind: async () => (await import('./spotfind.js')).registerSpotfind,
  audit: async () => (await import('./audit.js')).registerAudit,
  targets: async () => (await import('./targets.js')).registerTargets,
  estimate: async () => (await import('./estimate.js')).registerEstimate,
  export: async () => (await import('./export.js')).registerExport,
};

/** Adds the command called `name`; all commands where there is none of that name. */
export async function registerCommands(program: Command, name: string | undefined): Promise<void> {
  const loaders =
    name !== undefined && Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]!] : Object.values(COMMANDS);
  for (const load of loaders) (await load())(program);
}
