/** `vetoc export onnx`: the graphs of a finished run in any ONNX dialect. */
import type { Command } from 'commander';
import { ONNX_DIALECT_NAMES, ONNX_DIALECTS, type OnnxDialectName } from '../../backends/onnx/dialects.js';
import { UserError } from '../../core/errors.js';
import { table } from '../../core/table.js';
import { exportOnnx } from '../../run/export-onnx.js';
import { say, sayJson } from '../console.js';

interface Options {
  readonly dialect: string[];
  readonly out?: string;
  readonly intermediates?: boolean;
  readonly json?: boolean;
}

function dialectNames(given: readonly string[]): readonly OnnxDialectName[] {
  return given.map((name) => {
    const known = ONNX_DIALECT_NAMES.find((d) => d === name);
    if (known === undefined)
      throw new UserError(`there is no dialect ${name}`, {
        field: '--dialect',
        remedy: `use ${ONNX_DIALECT_NAMES.join(', ')}`,
      });
    return known;
  });
}

async function run(dir: string, { dialect, json, ...options }: Options): Promise<void> {
  const files = await exportOnnx(dir, { ...options, dialects: dialectNames(dialect) });
  if (json === true) sayJson({ run: dir, files });
  else
    say(
      table(
        ['dialect', 'file', 'bytes', 'for'],
        files.map((w) => [w.dialect, w.file, String(w.bytes), ONNX_DIALECTS[w.dialect].summary]),
      ),
    );
}

/** Adds `onnx` to `vetoc export`. */
export function addExportOnnx(parent: Command): void {
  parent
    .command('onnx')
    .description('Write the networks of a finished run as ONNX.')
    .argument('<run>', 'folder of a finished run')
    .option('--dialect <names...>', `which files: ${ONNX_DIALECT_NAMES.join(', ')}`, ['float', 'fixed'])
    .option('--out <folder>', 'where to write (default: onnx/ in the run)')
    .option('--intermediates', 'also put out the tensor of every node (not in qonnx)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nDialects:\n${ONNX_DIALECT_NAMES.map((d) => `  ${d.padEnd(9)} ${ONNX_DIALECTS[d].summary}`).join('\n')}\n\nExample:\n  vetoc export onnx out/demo --dialect fixed qonnx`,
    )
    .action(run);
}
