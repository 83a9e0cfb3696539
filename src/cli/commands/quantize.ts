/** `vetoc quantize`: a finished run at other widths, without training. */
import type { Command } from 'commander';
import { evaluationsJson, quantizeRun, type QuantizeRunRequest } from '../../index.js';
import { answer, showEvents } from '../console.js';
import { quantizedText } from '../../text/index.js';
import { addBudgetOptions, pruneOption } from '../quantization-options.js';

interface Options extends Omit<QuantizeRunRequest, 'from' | 'noTies' | 'budget' | 'prune'> {
  /** Of `--no-ties`, as commander has it. */
  readonly ties?: boolean;
  readonly from?: readonly string[];
  readonly budget?: number | null;
  readonly prune?: number | null;
  readonly json?: boolean;
}

/** Which widths there are, the recipe's schema says. */
const bits = (text: string): number => Number(text);

function requested({ from, ties, budget = null, prune = null, ...rest }: Options): QuantizeRunRequest {
  return {
    ...rest,
    ...(from === undefined ? {} : { from: from[0] === 'set' ? from[0] : from }),
    ...(ties === false ? { noTies: true } : {}),
    budget,
    prune,
  };
}

async function run(dir: string, options: Options): Promise<void> {
  const { evaluations, quantized, fixed } = await quantizeRun(dir, requested(options), showEvents());
  const { out } = options;
  const { quantization } = quantized;
  const json = { out, quantization, threshold: fixed.threshold, evaluations: evaluationsJson(evaluations) };
  answer(options, json, () => quantizedText(out));
}

export function define(command: Command): void {
  addBudgetOptions(command)
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--out <dir>', 'folder to write, in the form of a run')
    .option('--weight-bits <n>', 'bits of weights, 2 to 16', bits)
    .option('--activation-bits <n>', 'bits of activations, 2 to 16', bits)
    .option('--edge-bits <n>', 'bits of the first and last layer, or: same', (text) =>
      text === 'same' ? null : bits(text),
    )
    .option('--observer <name>', 'min-max, percentile, mse, entropy or peak-safe')
    .option('--adaptive-rounding', 'choose the rounding of every weight on calibration frames')
    .option(
      '--no-ties',
      'sums of which none lies halfway between two results: however halves are rounded, the same bits',
    )
    .option('--calibrate', 'fold, equalise and calibrate again instead of keeping what the run did')
    .option('--from <files...>', 'calibrate on these frames, or: set (the small set that comes with vetoc)')
    .option('--ranges <files...>', "use saved ranges, merged (default: the run's own)")
    .option('--prune <points>', 'set weights to 0 that cost at most so many points of the hits', pruneOption)
    .option('--target <board>', 'board whose cost the budget saves')
    .option('--replace', 'replace the folder if it is there')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  vetoc quantize out/demo --out out/demo-6 --weight-bits 6 --activation-bits 6\n  vetoc quantize out/demo --out out/demo-narrow --budget 5',
    )
    .action(run);
}
