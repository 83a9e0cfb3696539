/**
 * The commands, in the order of `vetoc --help`. A command is loaded when it is called: its name, form and purpose, which
 * help lists, stand here.
 */
import type { Command } from 'commander';

interface Entry {
  readonly name: string;
  /** Options and arguments as help lists them. */
  readonly usage: string;
  readonly description: string;
  /** `define` gives the command its options and what it does. */
  readonly load: () => Promise<{ readonly define: (command: Command) => void }>;
}

export const COMMANDS: readonly Entry[] = [
  {
    name: 'run',
    usage: '[options] [recipe]',
    description: 'Run the whole pipeline: frames, train, quantize, emit, verify, explain, report.',
    load: () => import('./run.js'),
  },
  {
    name: 'import',
    usage: '[options] <model>',
    description: 'Take in a float network trained elsewhere: ONNX, Keras .h5 or a TensorFlow.js LayersModel.',
    load: () => import('./import.js'),
  },
  {
    name: 'inspect',
    usage: '[options] <frames...>',
    description:
      'Show what is in files of frames: layout, type, compression, mask, labels, statistics, a picture.',
    load: () => import('./inspect.js'),
  },
  {
    name: 'simulate',
    usage: '[options] <out.h5>',
    description: 'Make labelled diffraction frames: five classes, with the truth of every spot.',
    load: () => import('./simulate.js'),
  },
  {
    name: 'evaluate',
    usage: '[options] <run>',
    description: 'Run a finished veto over other frames and say what it keeps and loses.',
    load: () => import('./evaluate.js'),
  },
  {
    name: 'threshold',
    usage: '[options] <run>',
    description: 'Find the threshold that loses at most so many hits, with a guarantee.',
    load: () => import('./threshold.js'),
  },
  {
    name: 'stress',
    usage: '[options] <run>',
    description: 'Disturb frames more and more, and say when a finished veto breaks its promise.',
    load: () => import('./stress.js'),
  },
  {
    name: 'filter',
    usage: '[options] <run>',
    description: 'Apply the veto of a finished run to frames, and write the frames it keeps as CXI.',
    load: () => import('./filter.js'),
  },
  {
    name: 'quantize',
    usage: '[options] <run>',
    description: 'Quantize the float network of a finished run again: other widths, other frames, a budget.',
    load: () => import('./quantize.js'),
  },
  {
    name: 'compare',
    usage: '[options] <run>',
    description:
      'Compare the fixed-point network of a run with its float network, frame by frame and layer by layer.',
    load: () => import('./compare.js'),
  },
  {
    name: 'score',
    usage: '[options] <run>',
    description: 'Score frames with a finished run, at the speed of ONNX Runtime.',
    load: () => import('./score.js'),
  },
  {
    name: 'verify',
    usage: '[options] <run>',
    description: "Compare every integer of a run's ONNX and C++ with the interpreter, with no tolerance.",
    load: () => import('./verify.js'),
  },
  {
    name: 'explain',
    usage: '[options] <run> [frame]',
    description:
      'Say why a frame was kept or vetoed: evidence maps on the arithmetic that decided, and what would change it.',
    load: () => import('./explain.js'),
  },
  {
    name: 'why',
    usage: '[options] <run> [frame]',
    description: 'The same as explain.',
    load: () => import('./explain.js'),
  },
  {
    name: 'spotfind',
    usage: '[options] <frames...>',
    description: 'Find Bragg peaks with peakfinder8 or the dispersion finders of DIALS.',
    load: () => import('./spotfind.js'),
  },
  {
    name: 'audit',
    usage: '[options] <run>',
    description: 'Run the fixed-point network over any number of frames and keep a ledger of its decisions.',
    load: () => import('./audit.js'),
  },
  {
    name: 'merge',
    usage: '[options] <folder>',
    description: 'Join the parts that shards of a command wrote, once all are there and whole.',
    load: () => import('./merge.js'),
  },
  {
    name: 'slurm',
    usage: '',
    description:
      'Audits in shards, and runs with several seeds, as arrays of a cluster: submitted and followed.',
    load: () => import('./slurm.js'),
  },
  {
    name: 'live',
    usage: '[options] <run>',
    description: 'Decide on frames as they come from a detector’s stream, and pass the kept ones on.',
    load: () => import('./live.js'),
  },
  {
    name: 'runs',
    usage: '[options] [dirs...]',
    description: 'List finished runs: when, recipe, board, what they lose.',
    load: () => import('./runs.js'),
  },
  {
    name: 'diff',
    usage: '[options] <left> <right>',
    description: 'Hold two runs side by side: recipes, formats, decisions on the same frames, area, latency.',
    load: () => import('./diff.js'),
  },
  {
    name: 'recipes',
    usage: '[options]',
    description: 'List the recipes and networks that come with vetoc.',
    load: () => import('./recipes.js'),
  },
  {
    name: 'targets',
    usage: '[options] [name]',
    description: 'List the boards and processors that vetoc builds for.',
    load: () => import('./targets.js'),
  },
  {
    name: 'estimate',
    usage: '[options] <run>',
    description: 'Estimate cycles, latency, frame rate and resources of the firmware of a run.',
    load: () => import('./estimate.js'),
  },
  {
    name: 'print',
    usage: '[options] <run> [level]',
    description: 'Print a level of the compile: float, prepared, fixed, plan or schedule.',
    load: () => import('./print.js'),
  },
  {
    name: 'export',
    usage: '',
    description: "Write a run's firmware, its weights for firmware that runs, or ONNX files.",
    load: () => import('./export.js'),
  },
];

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
