/** `vetoc export onnx`: the graphs of a finished run in any ONNX dialect. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import { emitFixedOnnx } from '../../backends/onnx/fixed.js';
import { emitFloatOnnx } from '../../backends/onnx/float.js';
import type { EmitOptions } from '../../backends/onnx/metadata.js';
import { emitQdqOnnx } from '../../backends/onnx/qdq.js';
import { emitQonnx } from '../../backends/onnx/qonnx.js';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { say, sayJson } from '../console.js';
import { table } from '../../core/table.js';
import { recipeHash } from '../../run/recipe.js';
import { loadRun, type Run } from '../../run/folder.js';
import { version } from '../../core/version.js';

interface Dialect {
  readonly file: string;
  /** Who reads it, for the help. */
  readonly summary: string;
  readonly emit: (run: Run, options: EmitOptions) => Uint8Array;
}

const DIALECTS = {
  float: {
    file: 'float.onnx',
    summary: 'the float32 reference',
    emit: (run, options) => emitFloatOnnx(run.float, options),
  },
  fixed: {
    file: 'fixed.onnx',
    summary: 'raw frames in, integers out, the bits of the firmware',
    emit: (run, options) => emitFixedOnnx(run.fixed, options),
  },
  'qdq-int8': {
    file: 'qdq-int8.onnx',
    summary: 'signed int8 QuantizeLinear pairs, for TensorRT',
    emit: (run, options) => emitQdqOnnx(run.fixed, options),
  },
  qdq: {
    file: 'qdq.onnx',
    summary: 'the same with uint8 where tensors are unsigned, for ONNX Runtime',
    emit: (run, options) => emitQdqOnnx(run.fixed, { ...options, uint8: true }),
  },
  qonnx: {
    file: 'qonnx.onnx',
    summary: 'QONNX, channels last, without preprocessing, for hls4ml and FINN',
    emit: (run, options) => emitQonnx(run.fixed, options),
  },
} satisfies Readonly<Record<string, Dialect>>;
type DialectName = keyof typeof DIALECTS;
const DIALECT_NAMES = Object.keys(DIALECTS) as DialectName[];

interface Options {
  readonly dialect: string[];
  readonly out?: string;
  readonly intermediates?: boolean;
  readonly json?: boolean;
}

function dialectNames(given: readonly string[]): readonly DialectName[] {
  return given.map((name) => {
    const known = DIALECT_NAMES.find((d) => d === name);
    if (known === undefined)
      throw new UserError(`there is no dialect ${name}`, {
        field: '--dialect',
        remedy: `use ${DIALECT_NAMES.join(', ')}`,
      });
    return known;
  });
}

async function run(dir: string, options: Options): Promise<void> {
  const names = dialectNames(options.dialect);
  const loaded = await loadRun(dir);
  const facts: EmitOptions = {
    producerVersion: version(),
    recipeHash: recipeHash(loaded.recipe),
    intermediates: options.intermediates ?? false,
  };
  // All are emitted before the first is written: a dialect that cannot be leaves no half of an export.
  const models = names.map((name) => ({ name, bytes: DIALECTS[name].emit(loaded, facts) }));
  const folder = options.out ?? loaded.path('onnx');
  const written = models.map(({ name, bytes }) => ({
    dialect: name,
    file: join(folder, DIALECTS[name].file),
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }));
  for (const [i, { bytes }] of models.entries()) await writeFileAtomic(written[i]!.file, bytes);
  if (options.json === true) sayJson({ run: dir, files: written });
  else
    say(
      table(
        ['dialect', 'file', 'bytes', 'for'],
        written.map((w) => [w.dialect, w.file, String(w.bytes), DIALECTS[w.dialect].summary]),
      ),
    );
}

/** Adds `onnx` to `vetoc export`. */
export function addExportOnnx(parent: Command): void {
  parent
    .command('onnx')
    .description('Write the networks of a finished run as ONNX.')
    .argument('<run>', 'folder of a finished run')
    .option('--dialect <names...>', `which files: ${DIALECT_NAMES.join(', ')}`, ['float', 'fixed'])
    .option('--out <folder>', 'where to write (default: onnx/ in the run)')
    .option('--intermediates', 'also put out the tensor of every node (not in qonnx)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nDialects:\n${DIALECT_NAMES.map((d) => `  ${d.padEnd(9)} ${DIALECTS[d].summary}`).join('\n')}\n\nExample:\n  vetoc export onnx out/demo --dialect fixed qonnx`,
    )
    .action(run);
}
