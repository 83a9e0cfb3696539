/**
 * Quantizes the published networks to 8 bits: what it costs in memory and time, and in accuracy.
 *
 *     npx tsx test/bench/large-networks.ts FRAMES.h5 [--network resnet18] [--factor 4] [--frames 32] [--fit 160] [--test 100]
 *
 * Training them takes a GPU. Their weights here are random, with the statistics of batch normalisation measured on
 * calibration frames, and with a last layer fitted by ridge regression to hit and miss on `--fit` training frames
 * (0: left random). So the accuracy is that of random features; what is measured is how much of it 8 bits lose
 * through the whole depth of the network. `--factor` bins the frames before the network; 1 is the full 512×512.
 */
import { UserError } from '../../src/core/errors.js';
import type { CalibrationFrame } from '../../src/calibrate/observe.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import type { FrameSource } from '../../src/data/frames.js';
import { openFrames } from '../../src/data/open.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import type { FloatNode } from '../../src/ir/ops/index.js';
import { evaluatorsFor, multiplyAccumulates } from '../../src/run/stages/evaluators.js';
import { channelStats } from '../../src/passes/channel-stats.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { createOrtFloat } from '../../src/backends/onnx/ort/float.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { evaluate } from '../../src/statistics/metrics.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { splitParts } from './accuracy/parts.js';

const option = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1]!;
};
const evenly = (all: readonly number[], wanted: number): number[] =>
  Array.from(
    { length: Math.min(wanted, all.length) },
    (_, i) => all[Math.floor((i * all.length) / Math.min(wanted, all.length))]!,
  );

async function read(source: FrameSource, indices: readonly number[]): Promise<CalibrationFrame[]> {
  const frames: CalibrationFrame[] = [];
  for (const i of indices) frames.push({ pixels: (await source.read(i)).pixels, spots: source.spots(i) });
  return frames;
}

/** Batch normalisation that normalises: each by the mean square of what it reads, first to last. */
async function normalised(graph: FloatGraph, frames: readonly CalibrationFrame[]): Promise<FloatGraph> {
  let result = graph;
  for (const { id } of graph.nodes.filter((n) => n.kind === 'batchNorm')) {
    const ort = await createOrtFloat(result);
    const seen = await channelStats(result, frames, ort.evaluate);
    await ort.close();
    const change = (n: FloatNode): FloatNode =>
      n.id === id && n.kind === 'batchNorm'
        ? { ...n, variance: Float32Array.from(seen.get(n.inputs[0]!)!.meanSquare, (v) => v + 1e-6) }
        : n;
    result = { ...result, nodes: result.nodes.map(change) };
  }
  return result;
}

/** Solves (A + λI) X = B for a symmetric positive A, by Gaussian elimination without pivots. */
function solve(a: Float64Array, n: number, b: Float64Array): Float64Array {
  for (let k = 0; k < n; k++)
    for (let i = k + 1; i < n; i++) {
      const f = a[i * n + k]! / a[k * n + k]!;
      if (f === 0) continue;
      for (let j = k; j < n; j++) a[i * n + j]! -= f * a[k * n + j]!;
      b[i]! -= f * b[k]!;
    }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) b[i]! -= a[i * n + j]! * b[j]!;
    b[i]! /= a[i * n + i]!;
  }
  return b;
}

/** The last layer fitted to ±1 by ridge regression in its dual form, which is as large as there are frames. */
async function fitted(
  graph: FloatGraph,
  frames: readonly CalibrationFrame[],
  hits: readonly boolean[],
): Promise<FloatGraph> {
  const last = graph.nodes.findLast((n) => n.kind === 'dense')!;
  const ort = await createOrtFloat(graph);
  const features: Float32Array[] = [];
  for (const { pixels } of frames) features.push((await ort.evaluate(pixels)).get(last.inputs[0]!)!.slice());
  await ort.close();
  const [n, terms] = [features.length, features[0]!.length];
  const mean = Float64Array.from({ length: terms }, (_, k) => features.reduce((s, f) => s + f[k]! / n, 0));
  const centred = features.map((f) => Float64Array.from(f, (v, k) => v - mean[k]!));
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) gram[i * n + j] = centred[i]!.reduce((s, v, k) => s + v * centred[j]![k]!, 0);
  const trace = centred.reduce((s, _, i) => s + gram[i * n + i]!, 0);
  for (let i = 0; i < n; i++) gram[i * n + i]! += (0.01 * trace) / n;
  const dual = solve(
    gram,
    n,
    Float64Array.from(hits, (h) => (h ? 1 : -1)),
  );
  const direction = Float64Array.from(mean, (_, k) => centred.reduce((s, f, i) => s + dual[i]! * f[k]!, 0));
  const offset = -direction.reduce((s, w, k) => s + w * mean[k]!, 0);
  const change = (node: FloatNode): FloatNode =>
    node.id === last.id && node.kind === 'dense'
      ? {
          ...node,
          weights: Float32Array.from({ length: 2 * terms }, (_, i) =>
            i % 2 === 0 ? -direction[i >> 1]! : direction[i >> 1]!,
          ),
          bias: Float32Array.of(-offset, offset),
        }
      : node;
  return { ...graph, nodes: graph.nodes.map(change), threshold: 0 };
}

const path = process.argv[2];
if (path === undefined || path.startsWith('--'))
  throw new UserError('no frames were named', { remedy: 'npx tsx test/bench/large-networks.ts FRAMES.h5' });
const source = await openFrames(path);
const parts = splitParts(source);
const hitOf = (i: number): boolean => source.label(i).hit!;
const network = option('network', 'resnet18');
let graph = createNetwork({
  network,
  preprocess: preprocessNodes(preprocessSchema.parse({ factor: Number(option('factor', '4')) }), [
    source.height,
    source.width,
  ]),
  classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
  seed: 1,
});
const calibration = await read(source, evenly(parts.validation, Number(option('frames', '32'))));
const fit = evenly(parts.train, Number(option('fit', '160')));
const test = evenly(parts.test, Number(option('test', '100')));
if (fit.length > 0) {
  graph = await normalised(graph, calibration.slice(0, 2));
  graph = await fitted(graph, await read(source, fit), fit.map(hitOf));
}
const evaluators = evaluatorsFor(graph);
const start = { wall: performance.now(), cpu: process.cpuUsage() };
const { fixed } = await quantizeNetwork(graph, calibration, {
  quantization: quantizationSchema.parse({}),
  calibration: calibrationSchema.parse({}),
  ...evaluators.options,
});
await evaluators.close();
const { user, system } = process.cpuUsage(start.cpu);
console.log(
  `${network} at ${512 / Number(option('factor', '4'))}×${512 / Number(option('factor', '4'))}: ` +
    `${(multiplyAccumulates(graph) / 1e9).toFixed(2)} G multiply-accumulates, ` +
    `${(graph.nodes.reduce((s, n) => s + ('weights' in n ? n.weights.length : 0), 0) / 1e6).toFixed(1)} M weights\n` +
    `quantized on ${calibration.length} frames in ${((performance.now() - start.wall) / 1000).toFixed(0)} s ` +
    `(${((user + system) / 1e6).toFixed(0)} s of processor), at most ${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB`,
);
if (test.length > 0 && fit.length > 0) {
  const pixels = (await read(source, test)).map((f) => f.pixels);
  const labels = test.map((i) => Number(hitOf(i)));
  const hitClasses = [false, true];
  const float = await createOrtFloat(graph);
  const exact = await createOrtWitness(fixed);
  const floatLogits = (await float.run(pixels)).map((r) => r.logits);
  const fixedLogits = (await exact.run(pixels)).map((r) => r.logits);
  await float.close();
  await exact.close();
  const measure = (logits: readonly ArrayLike<number>[]) =>
    evaluate({ logits, labels, hitClasses, threshold: 0 });
  const [a, b] = [measure(floatLogits), measure(fixedLogits)];
  const percent = (v: number): string => (100 * v).toFixed(2);
  console.log(
    `${test.length} test frames: hit/miss float ${percent(a.hitMissAccuracy.value)} %, 8 bit ${percent(b.hitMissAccuracy.value)} %; ` +
      `AUC ${a.curve.auc.toFixed(4)}, ${b.curve.auc.toFixed(4)}`,
  );
}
await source.close();
