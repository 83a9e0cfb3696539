/** The QONNX dialect in hls4ml itself: it reads the file, makes C++ of it, compiles that, and computes our integers. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitQonnx } from '../../src/backends/onnx/qonnx.js';
import { lsb } from '../../src/fixed/format.js';
import { importOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { comparisonFrames } from '../../src/frontends/original/compare.js';
import { nodeId } from '../../src/ir/common.js';
import { findNode, fixedShapes, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { prepareGraph } from '../../src/passes/pipeline.js';
import { quantizeAsStated } from '../../src/passes/quantize.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { interpret } from '../../src/simulate/interpret.js';
import { HLS4ML_PYTHON, hls4mlMissing, runPython } from './official.js';
import { EXACT, QONNX_MODELS, quantizedModel, SIDE, type Build } from './quantized-models.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-hls4ml-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Eight networks of what hls4ml 1.3 takes: ReLU, leaky ReLU, signed sums, means, pools, three bits. */
const NETWORKS: readonly (readonly [name: string, build: Build])[] = [
  ['signed int8 throughout, as TensorRT has it', EXACT],
  ['a residual of two scales', EXACT],
  ['PyTorch: uint8 behind ReLU, int8 weights by channel, int32 biases', EXACT],
  ['a mean of nine, at the same scale', EXACT],
  ['max pooling between, at the same scale', EXACT],
  ['a leaky ReLU of slope 0.125', EXACT],
  ['3 bits, narrow weights', QONNX_MODELS],
  ['8 bits', QONNX_MODELS],
].map(([name, models]) => [name as string, (models as Readonly<Record<string, Build>>)[name as string]!]);

async function networkOf(build: Build): Promise<{ readonly float: FloatGraph; readonly fixed: FixedGraph }> {
  const { graph } = importOnnx(
    readOnnxModel(quantizedModel(build, 1), 'model.onnx'),
    {
      name: 'network',
      preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1 }), [SIDE, SIDE]),
      classes: () => ({ classNames: ['miss', 'hit'], hitClasses: [false, true] }),
    },
    () => {
      throw new Error('no external data here');
    },
  );
  const quantization = quantizationSchema.parse({});
  const prepared = await prepareGraph(graph, { quantization });
  return { float: graph, fixed: quantizeAsStated(prepared, quantization, () => undefined)! };
}

/** What the network reads of a frame, in real units, and the logits in integers. */
function expected(fixed: FixedGraph, names: readonly string[], frame: Uint16Array) {
  const { tensors, logits } = interpret(fixed, frame, true);
  const inputs = Object.fromEntries(
    names.map((name) => {
      const id = nodeId(name);
      const unit = lsb(findNode(fixed, id).format);
      const data = Array.from(tensors.get(id)!, (q) => q * unit);
      return [name, { shape: [1, ...fixedShapes(fixed).get(id)!], data }];
    }),
  );
  return { inputs, logits: [...logits] };
}

describe.skipIf(hls4mlMissing !== null)(`hls4ml${hls4mlMissing ? ` (${hls4mlMissing})` : ''}`, () => {
  it('reads eight networks in QONNX and computes their integers', { timeout: 1_200_000 }, async () => {
    const requests: object[] = [];
    const wanted: number[][][] = [];
    for (const [name, build] of NETWORKS) {
      const { float, fixed } = await networkOf(build);
      const model = join(folder, `${requests.length}.onnx`);
      const bytes = emitQonnx(fixed);
      await writeFile(model, bytes);
      const names = ModelProto.decode(bytes).graph!.input!.map((input) => input.name!);
      const frames = comparisonFrames(float, 2).map((frame) => expected(fixed, names, frame));
      requests.push({
        name,
        model,
        lsb: lsb(findNode(fixed, fixed.output).format),
        frames: frames.map(({ inputs }) => inputs),
      });
      wanted.push(frames.map(({ logits }) => logits));
    }
    const given = await runPython('run_hls4ml.py', JSON.stringify(requests), [folder], HLS4ML_PYTHON);
    const answers = JSON.parse(given) as unknown[];
    NETWORKS.forEach(([name], i) => {
      expect(answers[i], name).toEqual(wanted[i]);
    });
    // Logits that are all alike would prove nothing.
    expect(new Set(wanted.flat(2)).size).toBeGreaterThan(12);
  });
});
