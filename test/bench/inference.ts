/**
 * Frames a second of 512×512 through each way of running a veto network, and whether ONNX Runtime's optimised kernels
 * still give the interpreter's bits.
 *
 *     npx tsx test/bench/inference.ts [RUN | NETWORK]
 *
 * RUN is the folder of a finished run; NETWORK a name of the registry (default `veto-small`) with random weights,
 * quantized to 8 bits. Figures depend on the machine: read them as ratios.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { emitHls } from '../../src/backends/hls/emit.js';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { emitQdqOnnx } from '../../src/backends/onnx/qdq.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { loadRun } from '../../src/run/folder.js';
import { UnsupportedError } from '../../src/core/errors.js';
import { createRandom } from '../../src/core/random.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { inputNode, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { createCsim } from '../../src/backends/hls/csim.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { createOrtFloat } from '../../src/backends/onnx/ort/float.js';
import { ORT_OPTIMIZATIONS, type OrtOptions } from '../../src/backends/onnx/ort/session.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { loadFpga } from '../../src/targets/load.js';
import { createNetwork } from '../../src/frontends/network/registry.js';

const SIDE = 512;
const SECONDS = 2;

interface Networks {
  readonly name: string;
  readonly float: FloatGraph;
  readonly fixed: FixedGraph;
}

function makeFrames(count: number, [height, width]: readonly [number, number]): Uint16Array[] {
  const random = createRandom(3);
  return Array.from({ length: count }, () =>
    Uint16Array.from({ length: height * width }, () => {
      const u = random.uniform();
      return u < 0.95 ? Math.floor(u * 40) : random.integer(0, u < 0.999 ? 800 : 65535);
    }),
  );
}

async function randomNetworks(network: string): Promise<Networks> {
  const float = createNetwork({
    network,
    preprocess: preprocessNodes(preprocessSchema.parse({}), [SIDE, SIDE]),
    classes: {
      classNames: ['Blank', 'No crystal', 'Weak', 'Good', 'Strong'],
      hitClasses: [false, false, true, true, true],
    },
    seed: 1,
  });
  const { fixed } = await quantizeNetwork(
    float,
    makeFrames(4, [SIDE, SIDE]).map((pixels) => ({ pixels, spots: null })),
    { quantization: quantizationSchema.parse({}), calibration: calibrationSchema.parse({}) },
  );
  return { name: `${network} with random weights`, float, fixed };
}

/** Frames a second of `run` on `frames`, after one round to warm up. */
async function rate(frames: readonly Uint16Array[], run: () => Promise<unknown>): Promise<number> {
  await run();
  let done = 0;
  const start = performance.now();
  do {
    await run();
    done += frames.length;
  } while (performance.now() - start < SECONDS * 1000);
  return (1000 * done) / (performance.now() - start);
}

const line = (name: string, framesPerSecond: number): void => {
  console.log(`${name.padEnd(46)} ${framesPerSecond.toFixed(framesPerSecond < 10 ? 2 : 0).padStart(8)}`);
};

async function timeFixed(
  name: string,
  graph: FixedGraph,
  model: Uint8Array,
  frames: readonly Uint16Array[],
  options: OrtOptions,
): Promise<void> {
  const witness = await createOrtWitness(graph, options, model);
  line(name, await rate(frames, () => witness.run(frames)));
  await witness.close();
}

async function timeCsim(fixed: FixedGraph, frames: readonly Uint16Array[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-bench-'));
  try {
    const files = emitHls(fixed, { target: await loadFpga('kcu1500') });
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const csim = await createCsim(fixed, folder);
    if (csim.kind === 'unavailable') {
      console.log(`C simulation: ${csim.reason}`);
      return;
    }
    line('C simulation, g++ -O3, one thread', await rate(frames, () => csim.witness.run(frames)));
    await csim.witness.close();
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** How many integers of all tensors differ from the interpreter, per optimisation level. */
async function exactness(name: string, graph: FixedGraph, model: Uint8Array): Promise<void> {
  const frames = makeFrames(2, inputNode(graph).size);
  const expected = await createInterpreter(graph).run(frames, { tensors: true });
  const cells: string[] = [];
  for (const optimization of ORT_OPTIMIZATIONS) {
    const witness = await createOrtWitness(graph, { optimization }, model);
    // Asking for every tensor keeps kernels from being fused: the decisions of the plain file are compared too.
    const results = await witness.run(frames, { tensors: true });
    const plain = await witness.run(frames);
    await witness.close();
    let different = 0;
    let all = 0;
    expected.forEach((frame, i) => {
      for (const [id, tensor] of frame.tensors) {
        const other = results[i]!.tensors.get(id)!;
        all += tensor.length;
        tensor.forEach((v, k) => (different += Number(v !== other[k])));
      }
      frame.logits.forEach((v, k) => (different += Number(v !== plain[i]!.logits[k])));
    });
    cells.push(`${optimization} ${different} of ${all}`);
  }
  console.log(`${name.padEnd(16)} ${cells.join(', ')}`);
}

/** The model, or null where the dialect cannot say the network, which is then told. */
function emitted(dialect: string, emit: () => Uint8Array): Uint8Array | null {
  try {
    return emit();
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    console.log(`${dialect}: ${error.message}`);
    return null;
  }
}

async function timeOrt(
  { float, fixed }: Networks,
  models: { readonly fixed: Uint8Array; readonly int8: Uint8Array | null },
  frames: readonly Uint16Array[],
  threads: number,
): Promise<void> {
  const floats = await createOrtFloat(float, { threads });
  line(`ONNX Runtime float.onnx, ${threads} thread(s)`, await rate(frames, () => floats.run(frames)));
  await floats.close();
  for (const optimization of ['disabled', 'all'] as const) {
    const options = { threads, optimization };
    const how = `${optimization}, ${threads} thread(s)`;
    await timeFixed(`ONNX Runtime fixed.onnx ${how}`, fixed, models.fixed, frames, options);
    if (models.int8 !== null)
      await timeFixed(`ONNX Runtime qdq-int8.onnx ${how}`, fixed, models.int8, frames, options);
  }
}

async function main(what: string): Promise<void> {
  const networks: Networks = existsSync(what)
    ? { name: what, ...(await loadRun(what)) }
    : await randomNetworks(what);
  const { fixed } = networks;
  const size = inputNode(fixed).size;
  const frames = makeFrames(32, size);
  const cores = availableParallelism();
  console.log(`${networks.name}, frames of ${size.join('×')}, ${cores} cores\n`);
  console.log(`${''.padEnd(46)} frames/s`);
  const few = frames.slice(0, 2);
  line('interpreter, one thread', await rate(few, () => createInterpreter(fixed).run(few)));
  await timeCsim(fixed, frames);
  const models = { fixed: emitFixedOnnx(fixed), int8: emitted('qdq-int8', () => emitQdqOnnx(fixed)) };
  for (const threads of cores > 1 ? [1, cores] : [1]) await timeOrt(networks, models, frames, threads);
  console.log('\nfixed.onnx, all cores, optimised, by batch:');
  for (const batch of [1, 4, 16, 32])
    await timeFixed(`  batch ${batch}`, fixed, models.fixed, frames, { batch, optimization: 'all' });

  console.log('\nIntegers that differ from the interpreter, by optimisation level:');
  await exactness('fixed.onnx', fixed, models.fixed);
  const uint8 = emitted('qdq', () => emitQdqOnnx(fixed, { uint8: true }));
  if (uint8 !== null) await exactness('qdq.onnx', fixed, uint8);
  if (models.int8 !== null) await exactness('qdq-int8.onnx', fixed, models.int8);
}

await main(process.argv[2] ?? 'veto-small');
