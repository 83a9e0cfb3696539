/** One fixed graph through everything that can run it. */
import { expect } from 'vitest';
import type { HlsOptions } from '../../src/backends/dataflow/design.js';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { emitQdqOnnx } from '../../src/backends/onnx/qdq.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { importOwnOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { emitHls } from '../../src/backends/hls/emit.js';
import { createRandom } from '../../src/core/random.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { inputNode, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
import { parseGraphText, printGraph } from '../../src/ir/serialize.js';
import { createCsim } from '../../src/backends/hls/csim.js';
import { interpret } from '../../src/simulate/interpret.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import type { Witness } from '../../src/simulate/witness.js';
import { loadFpga } from '../../src/targets/load.js';
import { patternFrames, randomFrames } from '../../src/verify/frames.js';
import { verify, type Verification } from '../../src/verify/verify.js';
import { rtlDesign, simulate } from '../rtl/project.js';
import { sampleFrames } from '../sample-graphs.js';
import { writeProject } from './project.js';

const target = await loadFpga('kcu1500');

export interface Asked {
  readonly options?: Omit<HlsOptions, 'target'>;
  /** Files of the C++ project changed before they are compiled. */
  readonly spoil?: (files: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  readonly rtl?: boolean;
}

/** ONNX Runtime, the compiled C++ and, unless told otherwise, the RTL. */
async function witnessesOf(
  graph: FixedGraph,
  { options = {}, spoil, rtl = true }: Asked,
): Promise<Witness[]> {
  const files = emitHls(graph, { target, ...options });
  const csim = await createCsim(graph, writeProject(spoil?.(files) ?? files), { flags: ['-O0'] });
  if (csim.kind !== 'ready') throw new Error(csim.reason);
  const witnesses = [await createOrtWitness(graph), csim.witness];
  if (!rtl) return witnesses;
  const simulation = await simulate(graph, rtlDesign(graph, options));
  if (simulation.kind !== 'ready') throw new Error(simulation.reason);
  return [...witnesses, simulation.witness];
}

/** Frames and drills through all witnesses of `graph`, with its text form and fast evaluation held to the interpreter. */
export async function everywhere(graph: FixedGraph, asked: Asked = {}) {
  expect(parseGraphText('fixed', printGraph('fixed', graph), 'text')).toEqual(graph);
  const frames = [...patternFrames(graph).slice(0, 6), ...randomFrames(graph, 6, createRandom(5))];
  const evaluator = createFixedEvaluator(graph);
  for (const { pixels } of frames) {
    const { tensors } = interpret(graph, pixels, true);
    evaluator.visit(pixels, (id, q) => {
      expect(q, id).toEqual(tensors.get(id));
    });
  }
  const witnesses = await witnessesOf(graph, asked);
  const result = await verify(graph, createInterpreter(graph), witnesses, frames, {
    minimizeBudget: 0,
    drills: { most: 8, seed: 1 },
  });
  await Promise.all(witnesses.map((w) => w.close()));
  return result;
}

/** No witness of `graph` differs from the interpreter, on any frame or drill. */
export async function expectExact(graph: FixedGraph, asked: Asked = {}): Promise<Verification> {
  const result = await everywhere(graph, asked);
  const { verdict, witnesses, drills } = result;
  expect(witnesses.map((w) => [w.witness, w.mismatches])).toEqual(witnesses.map((w) => [w.witness, 0]));
  expect(drills?.witnesses.map((w) => w.mismatches)).toEqual(witnesses.map(() => 0));
  expect(verdict).toBe('exact');
  return result;
}

/** A fault that `change` plants in the file `path` of the C++ is found, and first in `stage`. */
export async function expectFound(
  graph: FixedGraph,
  path: string,
  change: (text: string) => string,
  stage: string,
): Promise<void> {
  const spoil = (files: Readonly<Record<string, string>>) => {
    const text = change(files[path]!);
    expect(text).not.toBe(files[path]);
    return { ...files, [path]: text };
  };
  const { verdict, witnesses } = await everywhere(graph, { spoil, rtl: false });
  expect(verdict).not.toBe('exact');
  expect(witnesses[1]!.first?.text).toContain(`first difference in ${stage}`);
}

/** Between QuantizeLinear and DequantizeLinear the logits of `frames` are the interpreter's. */
export async function expectExactInQdq(graph: FixedGraph, frames: readonly Uint16Array[]): Promise<void> {
  const witness = await createOrtWitness(graph, { optimization: 'basic' }, emitQdqOnnx(graph));
  const results = await witness.run(frames);
  await witness.close();
  expect(results.map((r) => r.logits)).toEqual(frames.map((frame) => interpret(graph, frame).logits));
}

/** `graph` written as float ONNX and read again. */
export const backFromFloatOnnx = (graph: FloatGraph): FloatGraph =>
  importOwnOnnx(readOnnxModel(emitFloatOnnx(graph), 'own.onnx'), () => {
    throw new Error('no external data');
  });

/** `graph` in `bits` bits, calibrated on a few frames. */
export async function quantizedFor(graph: FloatGraph, bits = 8, reloadable = false): Promise<FixedGraph> {
  const [height, width] = inputNode(graph).size;
  const shown = sampleFrames(4, height * width, 3).map((pixels) => ({ pixels, spots: null }));
  const quantization = {
    weightBits: 7,
    activationBits: bits,
    logitBits: 8,
    reloadable,
    biasCorrection: false,
  };
  const { fixed } = await quantizeNetwork(graph, shown, {
    quantization: quantizationSchema.parse(quantization),
    calibration: calibrationSchema.parse({ observer: 'min-max' }),
  });
  return fixed;
}
