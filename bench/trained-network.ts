/** A network of the registry, trained on the train split of labelled frames; kept in a folder for the next bench. */
import { join } from 'node:path';
import { readGraph, writeGraph } from '../src/cli/run-folder.js';
import type { FrameSource } from '../src/data/frames.js';
import { preprocessNodes, preprocessSchema } from '../src/data/preprocess.js';
import type { FloatGraph } from '../src/ir/graph.js';
import { createNetwork } from '../src/train/networks/registry.js';
import { trainingSchema } from '../src/train/recipe.js';
import type { LabelledFrames } from '../src/train/sample-cache.js';
import { trainNetwork } from '../src/train/train.js';

export const HIT_CLASSES = [false, false, true, true, true];

/** Frame indices by what they are for; validation frames also calibrate. */
export interface Parts {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

/** The split that the frames declare, an eighth of the train split held back. */
export function declaredParts(source: FrameSource): Parts {
  const all = Array.from({ length: source.count }, (_, i) => i);
  const seen = all.filter((i) => source.label(i).split !== 'test');
  return {
    train: seen.filter((_, k) => k % 8 !== 3),
    validation: seen.filter((_, k) => k % 8 === 3),
    test: all.filter((i) => source.label(i).split === 'test'),
  };
}

const labelledFrames = (source: FrameSource, indices: readonly number[]): LabelledFrames => ({
  count: indices.length,
  read: async (i) => (await source.read(indices[i]!)).pixels,
  label: (i) => source.label(indices[i]!).label!,
});

/** Reads `folder/NAME.json`, or trains the network and writes it there. */
export async function trainedNetwork(
  source: FrameSource,
  network: string,
  parts: Parts,
  options: { readonly epochs: number; readonly folder: string },
): Promise<FloatGraph> {
  const file = join(options.folder, `${network}.json`);
  const stored = await readGraph(file, 'float').catch(() => null);
  if (stored !== null) return stored;
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
    checkpoint: join(options.folder, `${network}.checkpoint`),
    recipe: trainingSchema.parse({ epochs: options.epochs, learningRate: 0.01, select: 'loss' }),
    seed: 1,
    onProgress: (event) => {
      if (event.kind !== 'epoch') return;
      const { epoch, loss, validation } = event.result;
      process.stderr.write(
        `${network} ${epoch}/${options.epochs}: loss ${loss.toFixed(3)}, validation ${(100 * validation.hitMissAccuracy).toFixed(1)} %\n`,
      );
    },
  });
  await writeGraph(file, 'float', trained.graph);
  return trained.graph;
}
