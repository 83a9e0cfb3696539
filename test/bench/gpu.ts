/**
 * What a graphics card makes of a network: whether `fixed.onnx` and `qdq-int8.onnx` have the interpreter's integers on
 * CUDA, TensorRT and WebGPU, and how many frames of 512×512 a second they take beside `float.onnx` in float32 and in TF32.
 *
 *     npm run bench:gpu [-- NETWORK [PROVIDER…]]
 *
 * NETWORK of the registry, default veto-small, random weights; PROVIDER of cuda, tensorrt and webgpu, default all three, or
 * cpu, which shows that the script itself runs. Under ten minutes: a batch that would take too long for that is left out.
 *
 * A provider that this machine lacks is named, and the result is incomplete (exit code 1). CUDA and TensorRT need ONNX
 * Runtime's download: `npm rebuild onnxruntime-node` without `onnxruntime-node-install=skip`. Prints tables in Markdown.
 */
import type * as ort from 'onnxruntime-node';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { emitQdqOnnx } from '../../src/backends/onnx/qdq.js';
import { layersInFloat } from '../../src/backends/onnx/qdq-checks.js';
import { frameBatch, loadOrt, openSession, type OrtProvider } from '../../src/backends/onnx/ort/session.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { createRandom } from '../../src/core/random.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { interpret } from '../../src/simulate/interpret.js';

const SIDE = 512;
const BATCHES = [1, 4, 16, 64, 256];
const SECONDS = 2;
/** No more is measured after this: the machine may be lent. */
const MOST_SECONDS = 540;
/** Nor a batch that takes longer than this. */
const MOST_CELL = 30;
const CHECKED_FRAMES = 4;

function makeFrames(count: number): Uint16Array[] {
  const random = createRandom(3);
  return Array.from({ length: count }, () =>
    Uint16Array.from({ length: SIDE * SIDE }, () => {
      const u = random.uniform();
      return u < 0.95 ? Math.floor(u * 40) : random.integer(0, u < 0.999 ? 800 : 65535);
    }),
  );
}

async function networks(name: string): Promise<{ readonly float: FloatGraph; readonly fixed: FixedGraph }> {
  const float = createNetwork({
    network: name,
    preprocess: preprocessNodes(preprocessSchema.parse({}), [SIDE, SIDE]),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 1,
  });
  const quantization = quantizationSchema.parse({});
  const calibration = calibrationSchema.parse({});
  const frames = makeFrames(4).map((pixels) => ({ pixels, spots: null }));
  const { fixed } = await quantizeNetwork(float, frames, { quantization, calibration });
  return { float, fixed };
}

/** Values of all tensors that differ from the interpreter's, of how many. */
async function different(fixed: FixedGraph, model: Uint8Array, provider: OrtProvider): Promise<string> {
  const frames = makeFrames(CHECKED_FRAMES);
  const witness = await createOrtWitness(fixed, { provider, optimization: 'all' }, model);
  let [values, off] = [0, 0];
  try {
    const results = await witness.run(frames, { tensors: true });
    frames.forEach((frame, i) => {
      for (const [id, tensor] of interpret(fixed, frame, true).tensors) {
        values += tensor.length;
        tensor.forEach((v, k) => (off += Number(results[i]!.tensors.get(id)![k] !== v)));
      }
    });
  } finally {
    await witness.close();
  }
  return off === 0 ? `exact (${values} integers)` : `${off} of ${values} differ`;
}

/** Opens `float.onnx` on CUDA with TF32, which vetoc itself never does. */
async function withTf32(model: Uint8Array): Promise<ort.InferenceSession> {
  const { InferenceSession } = await loadOrt();
  const cuda = { name: 'cuda', use_tf32: 1 } as { readonly name: string };
  return InferenceSession.create(model, { executionProviders: [cuda], graphOptimizationLevel: 'all' });
}

/** Frames a second at one batch size, after one call to warm up, and seconds of a call; null where the card has not the memory. */
async function rate(
  session: ort.InferenceSession,
  batch: number,
): Promise<{ readonly rate: number; readonly call: number } | null> {
  const [input] = session.inputNames;
  const feeds = {
    [input!]: await frameBatch(
      makeFrames(1).flatMap((f) => Array.from({ length: batch }, () => f)),
      [SIDE, SIDE],
    ),
  };
  try {
    await session.run(feeds);
    let done = 0;
    const start = performance.now();
    do {
      await session.run(feeds);
      done += batch;
    } while (performance.now() - start < SECONDS * 1000);
    const rate = (1000 * done) / (performance.now() - start);
    return { rate, call: batch / rate };
  } catch {
    return null;
  }
}

const [name = 'veto-small', ...asked] = process.argv.slice(2);
const providers = asked.length > 0 ? (asked as OrtProvider[]) : (['cuda', 'tensorrt', 'webgpu'] as const);
const started = performance.now();
const { float, fixed } = await networks(name);
const models = { fixed: emitFixedOnnx(fixed), 'qdq-int8': emitQdqOnnx(fixed), float: emitFloatOnnx(float) };
const lacking: string[] = [];
const exactness: string[] = [];
const rates: string[] = [];

/** Whether so many more seconds would be too many: of one cell, or of the whole. */
const isLate = (more: number): boolean =>
  more > MOST_CELL || (performance.now() - started) / 1000 + more > MOST_SECONDS;
async function measure(title: string, open: () => Promise<ort.InferenceSession>): Promise<void> {
  const session = await open();
  const cells: string[] = [];
  let perFrame = 0;
  for (const batch of BATCHES) {
    // A call to warm up and one to measure, at the least.
    const found = isLate(2 * perFrame * batch) ? null : await rate(session, batch);
    if (found !== null) perFrame = found.call / batch;
    cells.push(found === null ? '–' : found.rate.toPrecision(3));
  }
  await session.release();
  rates.push(`| ${title} | ${cells.join(' | ')} |`);
}

const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
for (const provider of providers) {
  try {
    for (const dialect of ['fixed', 'qdq-int8'] as const) {
      exactness.push(`| ${provider} | ${dialect} | ${await different(fixed, models[dialect], provider)} |`);
      await measure(`${provider}, ${dialect}.onnx`, () =>
        openSession(models[dialect], { provider, optimization: 'all' }),
      );
    }
    await measure(`${provider}, float.onnx, float32`, () =>
      openSession(models.float, { provider, optimization: 'all' }),
    );
    if (provider === 'cuda') await measure('cuda, float.onnx, TF32', () => withTf32(models.float));
  } catch (error) {
    lacking.push(`${provider}: ${words(error)}`);
  }
}

console.log(`${name}, random weights, 8 bits, frames of ${SIDE}×${SIDE}\n`);
for (const { id, why } of layersInFloat(fixed, false)) console.log(`qdq-int8: ${id} stays in float: ${why}`);
console.log('\n| provider | file | against the interpreter |\n|---|---|---|');
console.log(exactness.length > 0 ? exactness.join('\n') : '| none | | |');
console.log(
  `\nframes/s (–: not the memory, or too long for a batch)\n\n| provider, file | ${BATCHES.map((b) => `batch ${b}`).join(' | ')} |`,
);
console.log(`|---|${BATCHES.map(() => '---|').join('')}`);
if (rates.length > 0) console.log(rates.join('\n'));
if (lacking.length > 0) {
  console.log(`\nIncomplete: this machine lacks\n${lacking.map((line) => `- ${line}`).join('\n')}`);
  process.exitCode = 1;
} else if (exactness.some((line) => line.includes('differ'))) process.exitCode = 1;
