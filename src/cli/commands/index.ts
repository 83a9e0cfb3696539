/**
 * The commands, in the order of `vetoc --help`. A command is loaded when it is called: its name, form and purpose, which
 * help lists, stand here.
 */
import type { Command } from 'commander';

type Load = () => Promise<{ readonly define: (command: Command) => void }>;

/** `define` gives the command its options and what it does. */
const LOAD = {
  run: () => import('./run.js'),
  import: () => import('./import.js'),
  inspect: () => import('./inspect.js'),
  simulate: () => import('./simulate.js'),
  darks: () => import('./darks.js'),
  plan: () => import('./plan.js'),
  evaluate: () => import('./evaluate.js'),
  threshold: () => import('./threshold.js'),
  stress: () => import('./stress.js'),
  filter: () => import('./filter.js'),
  quantize: () => import('./quantize.js'),
  compare: () => import('./compare.js'),
  score: () => import('./score.js'),
  verify: () => import('./verify.js'),
  explain: () => import('./explain.js'),
  why: () => import('./explain.js'),
  spotfind: () => import('./spotfind.js'),
  audit: () => import('./audit.js'),
  merge: () => import('./merge.js'),
  slurm: () => import('./slurm.js'),
  live: () => import('./live.js'),
  runs: () => import('./runs.js'),
  diff: () => import('./diff.js'),
  recipes: () => import('./recipes.js'),
  targets: () => import('./targets.js'),
  estimate: () => import('./estimate.js'),
  print: () => import('./print.js'),
  export: () => import('./export.js'),
} satisfies Readonly<Record<string, Load>>;
type Name = keyof typeof LOAD;

const ABOUT: Readonly<Record<Name, string>> = {
  run: 'Run the whole pipeline: frames, train, quantize, emit, verify, explain, report.',
  import: 'Take in a float network trained elsewhere: ONNX, Keras .h5 or a TensorFlow.js LayersModel.',
  inspect: 'Show what is in files of frames: layout, type, compression, mask, labels, statistics, a picture.',
  simulate: 'Make labelled diffraction frames: five classes, with the truth of every spot.',
  plan: 'Compute what a veto would bring an experiment: frames, bytes and hits that are kept.',
  darks: 'Make maps of a detector (pedestals, noise, bad pixels) from dark frames of raw words.',
  evaluate: 'Run a finished veto over other frames and say what it keeps and loses.',
  threshold: 'Find the threshold that loses at most so many hits, with a guarantee.',
  stress: 'Disturb frames more and more, and say when a finished veto breaks its promise.',
  filter: 'Apply the veto of a finished run to frames, and write the frames it keeps as CXI.',
  quantize: 'Quantize the float network of a finished run again: other widths, other frames, a budget.',
  compare:
    'Compare the fixed-point network of a run with its float network, frame by frame and layer by layer.',
  score: 'Score frames with a finished run, at the speed of ONNX Runtime.',
  verify: "Compare every integer of a run's ONNX and C++ with the interpreter, with no tolerance.",
  explain:
    'Say why a frame was kept or vetoed: evidence maps on the arithmetic that decided, and what would change it.',
  why: 'The same as explain.',
  spotfind: 'Find Bragg peaks with peakfinder8 or the dispersion finders of DIALS.',
  audit: 'Run the fixed-point network over any number of frames and keep a ledger of its decisions.',
  merge: 'Join the parts that shards of a command wrote, once all are there and whole.',
  slurm: 'Audits in shards, and runs with several seeds, as arrays of a cluster: submitted and followed.',
  live: 'Decide on frames as they come from a detector’s stream, and pass the kept ones on.',
  runs: 'List finished runs: when, recipe, board, what they lose.',
  diff: 'Hold two runs side by side: recipes, formats, decisions on the same frames, area, latency.',
  recipes: 'List the recipes and networks that come with vetoc.',
  targets: 'List the boards and processors that vetoc builds for.',
  estimate: 'Estimate cycles, latency, frame rate and resources of the firmware of a run.',
  print: 'Print a level of the compile: float, prepared, fixed, plan or schedule.',
  export: "Write a run's firmware, its weights for firmware that runs, or ONNX files.",
};

/** Options and arguments as help lists them, of those that take more than the options and a run. */
const TAKES: Readonly<Partial<Record<Name, string>>> = {
  run: '[options] [recipe]',
  import: '[options] <model>',
  inspect: '[options] <frames...>',
  simulate: '[options] <out.h5>',
  darks: '[options] <frames...>',
  plan: '[options]',
  explain: '[options] <run> [frame]',
  why: '[options] <run> [frame]',
  spotfind: '[options] <frames...>',
  merge: '[options] <folder>',
  slurm: '',
  runs: '[options] [dirs...]',
  diff: '[options] <left> <right>',
  recipes: '[options]',
  targets: '[options] [name]',
  print: '[options] <run> [level]',
  export: '',
};

interface Entry {
  readonly name: string;
  readonly usage: string;
  readonly description: string;
  readonly load: Load;
}

export const COMMANDS: readonly Entry[] = Object.entries<Load>(LOAD).map(([name, load]) => ({
  name,
  usage: TAKES[name as Name] ?? '[options] <run>',
  description: ABOUT[name as Name],
  load,
}));

/** Adds the command called `name` in full; where there is none of that name, all of them as help lists them. */
export async function addCommands(program: Command, name: string | undefined): Promise<void> {
  const called = COMMANDS.find((entry) => entry.name === name);
  if (called === undefined) {
    const terms = new Map<Command, string>();
    for (const { name: word, usage, description } of COMMANDS)
      terms.set(program.command(word).description(description), `${word} ${usage}`.trimEnd());
    const plain = program.createHelp();
    program.configureHelp({
      subcommandTerm: (command) => terms.get(command) ?? plain.subcommandTerm(command),
    });
    return;
  }
  const { define } = await called.load();
  define(program.command(called.name).description(called.description));
}
