/** A network of the registry, trained on the train split of labelled frames; kept in a folder for the next bench. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readGraph, writeGraph } from '../../src/ir/graph-files.js';
import type { FrameSource } from '../../src/data/frames.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { trainingSchema } from '../../src/train/recipe.js';
import { trainNetwork } from '../../src/train/train.js';
import { HIT_CLASSES, labelledFrames, type Parts } from './accuracy/parts.js';

/** Reads `folder/NAME.json`, or trains the network and writes it there. */
export async function trainedNetwork(
  source: FrameSource,
  network: string,
  parts: Parts,
  options: { readonly epochs: number; readonly folder: string },
): Promise<FloatGraph> {
  const checkpoints = join(options.folder, `${network}.checkpoints`);
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
    checkpoints,
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
  await rm(checkpoints, { recursive: true, force: true });
  return trained.graph;
}
