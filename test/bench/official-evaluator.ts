/**
 * Real frames through the official ONNX reference evaluator (Python, test-only), ONNX Runtime and the interpreter:
 * `fixed.onnx` of a run must give the same bits in all three, `float.onnx` to float32 rounding.
 *
 *     npx tsx test/bench/official-evaluator.ts RUN FRAMES… [--count 3]
 *
 * `count` frames of each file, evenly spread. The reference evaluator takes seconds a frame of 512×512. Exits 1 on a
 * difference of `fixed.onnx`.
 */
import { parseArgs } from 'node:util';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { evenly } from '../../src/run/stages/frames.js';
import { loadRun } from '../../src/run/folder.js';
import { openFrames } from '../../src/data/open.js';
import { inputNode } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { createOrtFloat } from '../../src/backends/onnx/ort/float.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { askOfficial, floatOutput, int32Output, onnxMissing } from '../onnx/official.js';

/** `count` frames of `file`. */
async function someFrames(file: string, count: number): Promise<readonly Uint16Array[]> {
  const source = await openFrames([file]);
  try {
    const chosen = evenly(
      Array.from({ length: source.count }, (_, i) => i),
      count,
    );
    const frames: Uint16Array[] = [];
    for (const index of chosen) frames.push((await source.read(index)).pixels);
    return frames;
  } finally {
    await source.close();
  }
}

/** Largest difference over the largest value, in units of 2^-23. */
function roundings(found: Float32Array, expected: readonly number[]): number {
  const top = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(found[i]! - value))) / top / 2 ** -23;
}

const countDifferent = (found: ArrayLike<number>, expected: readonly number[]): number =>
  expected.filter((value, i) => found[i] !== value).length + Math.abs(found.length - expected.length);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '3' } },
});
const [dir, ...files] = positionals;
if (dir === undefined || files.length === 0) throw new Error('give RUN FRAMES…');
if (onnxMissing !== null) throw new Error(onnxMissing);
const { fixed, float } = await loadRun(dir);
const { size } = inputNode(fixed);
const witness = await createOrtWitness(fixed, { optimization: 'disabled' });
const floats = await createOrtFloat(float, { optimization: 'disabled' });
let different = 0;
for (const file of files) {
  const data = await someFrames(file, Number(values.count));
  const frames = { data, size };
  const [official, officialFloat] = await askOfficial([
    { model: emitFixedOnnx(fixed, { intermediates: true }), frames },
    { model: emitFloatOnnx(float), frames },
  ]);
  for (const { error } of [official!, officialFloat!]) if (error !== undefined) throw new Error(error);
  const runtime = await witness.run(data, { tensors: true });
  let integers = 0;
  let here = 0;
  for (const [i, frame] of data.entries()) {
    const { tensors, logits, score } = interpret(fixed, frame, true);
    for (const [id, tensor] of tensors) {
      const all = int32Output(official!, `${id}.tensor`);
      const expected = [...tensor];
      here += countDifferent(all.subarray(i * tensor.length, (i + 1) * tensor.length), expected);
      here += countDifferent(runtime[i]!.tensors.get(id)!, expected);
      integers += tensor.length;
    }
    here += countDifferent(int32Output(official!, 'logits').subarray(i * logits.length, (i + 1) * logits.length), [...logits]); // prettier-ignore
    here += Number(int32Output(official!, 'score')[i] !== score) + Number(runtime[i]!.score !== score);
    integers += logits.length + 1;
  }
  const theirs = floatOutput(officialFloat!, 'logits');
  const ours = (await floats.run(data)).flatMap(({ logits }) => [...logits]);
  console.log(`${file}: ${data.length} frames; fixed.onnx: ${here} of ${integers} integers differ among the evaluator, ONNX Runtime and the interpreter; float.onnx: logits within ${roundings(theirs, ours).toFixed(1)} roundings of the largest`); // prettier-ignore
  different += here;
}
await witness.close();
await floats.close();
process.exitCode = different === 0 ? 0 : 1;
