/**
 * How well the veto networks tell hits from misses, float and 8-bit, beside two established spot finders.
 *
 *     npx tsx bench/accuracy.ts FRAMES.h5 [--networks veto-nano,veto-small,veto-base] [--epochs N] [--unseen]
 *
 * FRAMES has labels of the five DiffraNet classes and a train/test split. Networks are trained on the train split
 * (an eighth of it validates and calibrates) and measured once on the test split. With --unseen they are trained on
 * two crystals and two detector styles (the `cell` and `style` of the frames' metadata) and measured on frames of
 * neither. The fixed-point column is the interpreter's, bit for bit what the firmware computes.
 */
import { UserError } from '../src/core/errors.js';
import { calibrationSchema } from '../src/calibrate/recipe.js';
import type { FrameSource } from '../src/data/frames.js';
import { openFrames } from '../src/data/open.js';
import { preprocessNodes, preprocessSchema } from '../src/data/preprocess.js';
import type { FixedGraph, FloatGraph } from '../src/ir/graph.js';
import { quantizeNetwork } from '../src/passes/quantize-network.js';
import { quantizationSchema } from '../src/passes/recipe.js';
import { interpret } from '../src/simulate/interpret.js';
import { evaluate, type Evaluation } from '../src/train/metrics.js';
import { createNetwork } from '../src/train/networks/registry.js';
import { predictFloat } from '../src/train/predict.js';
import { trainingSchema } from '../src/train/recipe.js';
import type { LabelledFrames } from '../src/train/sample-cache.js';
import { trainNetwork } from '../src/train/train.js';

const HIT_CLASSES = [false, false, true, true, true];
const CALIBRATION_FRAMES = 64;

interface Parts {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

const everyEighth = (all: readonly number[]): Pick<Parts, 'train' | 'validation'> => ({
  train: all.filter((_, i) => i % 8 !== 3),
  validation: all.filter((_, i) => i % 8 === 3),
});

function splitParts(source: FrameSource): Parts {
  const all = Array.from({ length: source.count }, (_, i) => i);
  const isTest = (i: number): boolean => source.label(i).split === 'test';
  return { ...everyEighth(all.filter((i) => !isTest(i))), test: all.filter(isTest) };
}

/** Trained on two crystals and two styles; measured on hits of neither, and on misses of the third style. */
function unseenParts(source: FrameSource, crystals: readonly string[], styles: readonly string[]): Parts {
  const all = Array.from({ length: source.count }, (_, i) => i);
  const text = (i: number, key: string): string => String(source.meta(i)[key] ?? 'none');
  const isHit = (i: number): boolean => HIT_CLASSES[source.label(i).label!]!;
  const seenCrystal = (i: number): boolean => !isHit(i) || crystals.includes(text(i, 'cell'));
  const seenStyle = (i: number): boolean => styles.includes(text(i, 'style'));
  const inTrain = (i: number): boolean => source.label(i).split !== 'test' && seenCrystal(i) && seenStyle(i);
  const newCrystal = (i: number): boolean => !isHit(i) || !crystals.includes(text(i, 'cell'));
  return {
    ...everyEighth(all.filter(inTrain)),
    test: all.filter((i) => newCrystal(i) && !seenStyle(i)),
  };
}

const labelledFrames = (source: FrameSource, indices: readonly number[]): LabelledFrames => ({
  count: indices.length,
  read: async (i) => (await source.read(indices[i]!)).pixels,
  label: (i) => source.label(indices[i]!).label!,
});

async function readAll(source: FrameSource, indices: readonly number[]): Promise<Uint16Array[]> {
  const frames: Uint16Array[] = [];
  for (const i of indices) frames.push((await source.read(i)).pixels);
  return frames;
}

async function quantize(graph: FloatGraph, frames: readonly Uint16Array[]): Promise<FixedGraph> {
  const chosen = frames.slice(0, CALIBRATION_FRAMES).map((pixels) => ({ pixels, spots: null }));
  const { fixed } = await quantizeNetwork(graph, chosen, {
    quantization: quantizationSchema.parse({}),
    calibration: calibrationSchema.parse({}),
  });
  return fixed;
}

function row(title: string, e: Evaluation): string {
  const percent = (value: number): string => (100 * value).toFixed(2).padStart(7);
  const at = e.rejectionAt.map(({ point }) => percent(point.missesRejected.value)).join(' ');
  const { low, high } = e.hitMissAccuracy;
  const interval = `[${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
  return (
    `${title.padEnd(18)} ${percent(e.hitMissAccuracy.value)} ${interval.padEnd(14)}` +
    ` ${percent(e.confusion.accuracy.value)} ${e.curve.auc.toFixed(4)} ${at}`
  );
}

async function measure(source: FrameSource, network: string, parts: Parts, epochs: number): Promise<void> {
  const graph = createNetwork({
    network,
    preprocess: preprocessNodes(preprocessSchema.parse({ channels: [{ clampMax: 1023 }] }), [
      source.height,
      source.width,
    ]),
    classes: { classNames: source.classNames!, hitClasses: HIT_CLASSES },
    seed: 1,
  });
  const trained = await trainNetwork({
    graph,
    train: labelledFrames(source, parts.train),
    validation: labelledFrames(source, parts.validation),
    recipe: trainingSchema.parse({ epochs, learningRate: 0.01, select: 'loss' }),
    seed: 1,
    onProgress: (event) => {
      if (event.kind !== 'epoch') return;
      const { epoch, loss, validation } = event.result;
      process.stderr.write(
        `${network} ${epoch}/${epochs}: loss ${loss.toFixed(3)}, validation ${(100 * validation.hitMissAccuracy).toFixed(1)} %\n`,
      );
    },
  });
  const frames = await readAll(source, parts.test);
  const labels = parts.test.map((i) => source.label(i).label!);
  const fixed = await quantize(trained.graph, await readAll(source, parts.validation));
  const logits = await predictFloat(trained.graph, frames);
  const integers = frames.map((frame) => interpret(fixed, frame).logits);
  const { threshold } = trained.graph;
  console.log(row(`${network} float`, evaluate({ logits, labels, hitClasses: HIT_CLASSES, threshold })));
  const exact = { logits: integers, labels, hitClasses: HIT_CLASSES, threshold: fixed.threshold };
  // Mantissas are logits in units of the last bit: everything but the calibration error is the same for them.
  console.log(row(`${network} 8 bit`, evaluate(exact)));
}

const path = process.argv[2];
if (path === undefined || path.startsWith('--'))
  throw new UserError('no frames were named', { remedy: 'npx tsx bench/accuracy.ts FRAMES.h5' });
const source = await openFrames(path);
const networks = (option('networks') ?? 'veto-nano,veto-small,veto-base').split(',');
const epochs = Number(option('epochs') ?? 40);
const parts = process.argv.includes('--unseen')
  ? unseenParts(source, ['lysozyme', 'PSII'], ['counting', 'ccd'])
  : splitParts(source);
console.log(
  `${parts.train.length} frames train, ${parts.validation.length} validate, ${parts.test.length} test\n` +
    'all in %           hit/miss  95 % interval  5 cls    AUC  misses rejected at 99 / 99.5 / 99.9 % of hits kept',
);
for (const network of networks) await measure(source, network, parts, epochs);
await source.close();
