/**
 * What quantization costs the veto networks in accuracy and in hits, at each width.
 *
 *     npx tsx test/bench/quantization.ts FRAMES.h5 [--graphs DIR] [--networks veto-nano,veto-small,veto-base] [--epochs N]
 *         [--bits 8,6] [--observer peak-safe] [--adaptive] [--frames N] [--aware EPOCHS]
 *
 * Networks are trained on the train split (an eighth of it validates and calibrates) unless DIR holds them already.
 * `lost` columns are float minus fixed on the test split in points, so a negative figure is a gain: accuracy by the
 * largest logit, and hits kept by the threshold that rejects as many misses as float rejects while it keeps 99, 99.5
 * and 99.9 % of the hits. At 4 bits and fewer the first layer, and the weights of the last, keep 8. With --aware the
 * networks are trained on in fixed point at every width.
 */
import { UserError } from '../../src/core/errors.js';
import type { CalibrationFrame } from '../../src/calibrate/observe.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import type { FrameSource } from '../../src/data/frames.js';
import { openFrames } from '../../src/data/open.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { hitLoss } from '../../src/train/hit-loss.js';
import { trainQuantized } from '../../src/train/quantization-aware.js';
import { trainingSchema } from '../../src/train/recipe.js';
import { evaluate, type Evaluation } from '../../src/statistics/metrics.js';
import { HIT_CLASSES, labelledFrames, splitParts } from './accuracy/parts.js';
import { trainedNetwork } from './trained-network.js';

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

interface TestFrames {
  readonly pixels: readonly Uint16Array[];
  readonly labels: readonly number[];
}

const measure = (logits: readonly ArrayLike<number>[], test: TestFrames, threshold: number): Evaluation =>
  evaluate({ logits, labels: test.labels, hitClasses: HIT_CLASSES, threshold });

function row(title: string, float: Evaluation, fixed: Evaluation): string {
  const points = (value: number): string => (100 * value).toFixed(2).padStart(8);
  const lost = float.rejectionAt.map((r) => points(hitLoss(float.curve, fixed.curve, r.keepFraction)));
  return (
    `${title.padEnd(24)}${points(fixed.hitMissAccuracy.value)}${points(fixed.confusion.accuracy.value)} ` +
    `${fixed.curve.auc.toFixed(4)} ${points(float.hitMissAccuracy.value - fixed.hitMissAccuracy.value)}${lost.join('')}`
  );
}

/** The fixed graph, by calibration alone or by training on. */
async function quantized(graph: FloatGraph, frames: readonly CalibrationFrame[], bits: number) {
  const options = {
    quantization: quantizationSchema.parse({
      weightBits: bits,
      activationBits: bits,
      edgeBits: bits <= 4 ? 8 : null,
      adaptiveRounding: process.argv.includes('--adaptive'),
    }),
    calibration: calibrationSchema.parse({ observer: option('observer') ?? 'peak-safe' }),
  };
  const epochs = Number(option('aware') ?? 0);
  if (epochs === 0) return quantizeNetwork(graph, frames, options);
  return trainQuantized({
    graph,
    train: labelledFrames(source, parts.train),
    validation: labelledFrames(source, parts.validation),
    recipe: trainingSchema.parse({ quantizationAware: { epochs, learningRate: 0.001 }, select: 'loss' }),
    seed: 1,
    calibrationFrames: () => frames,
    quantize: options,
  });
}

async function fixedRow(
  graph: FloatGraph,
  bits: number,
  frames: readonly CalibrationFrame[],
  test: TestFrames,
  float: Evaluation,
): Promise<string> {
  const start = performance.now();
  const { fixed } = await quantized(graph, frames, bits);
  const seconds = (performance.now() - start) / 1000;
  const evaluator = createFixedEvaluator(fixed);
  const logits = test.pixels.map((frame) => evaluator.decide(frame).logits);
  const text = row(`${graph.name} ${bits} bit`, float, measure(logits, test, fixed.threshold));
  return `${text}   quantized in ${seconds.toFixed(1)} s`;
}

async function readCalibration(source: FrameSource, indices: readonly number[]): Promise<CalibrationFrame[]> {
  const frames: CalibrationFrame[] = [];
  for (const i of indices) frames.push({ pixels: (await source.read(i)).pixels, spots: source.spots(i) });
  return frames;
}

const path = process.argv[2];
if (path === undefined || path.startsWith('--'))
  throw new UserError('no frames were named', { remedy: 'npx tsx test/bench/quantization.ts FRAMES.h5' });
const source = await openFrames(path);
const parts = splitParts(source);
const networks = (option('networks') ?? 'veto-nano,veto-small,veto-base').split(',');
const widths = (option('bits') ?? '8,6').split(',').map(Number);
const calibration = await readCalibration(
  source,
  [...parts.validation, ...parts.train].slice(0, Number(option('frames') ?? 125)),
);
const test: TestFrames = {
  pixels: (await readCalibration(source, parts.test)).map((f) => f.pixels),
  labels: parts.test.map((i) => source.label(i).label!),
};
console.log(
  `${calibration.length} calibration frames, ${test.labels.length} test frames; all in % and points\n` +
    `${''.padEnd(24)}hit/miss   5 cls    AUC accuracy lost, hits lost where float keeps 99 / 99.5 / 99.9 %`,
);
for (const network of networks) {
  const graph = await trainedNetwork(source, network, parts, {
    epochs: Number(option('epochs') ?? 40),
    folder: option('graphs') ?? 'out/bench',
  });
  const reference = createFloatReference(graph);
  const logits = test.pixels.map((frame) => reference.decide(frame).logits);
  const float = measure(logits, test, graph.threshold);
  console.log(row(`${network} float`, float, float));
  for (const bits of widths) console.log(await fixedRow(graph, bits, calibration, test, float));
}
await source.close();
