/** Stage 2: the network, trained on the run's training frames. */
import type { RunFrames } from './frames.js';
import { preprocessNodes } from '../../frontends/network/preprocess.js';
import type { BackendName } from '../../tensorflow/backend.js';
import { loadNetwork } from '../../frontends/network/load.js';
import type { LabelledFrames } from '../../train/sample-cache.js';
import { withNuisances, withSimulated } from '../../train/simulated-frames.js';
import { trainNetwork, type TrainEvent, type TrainResult } from '../../train/train.js';
import type { Progress } from '../events.js';
import type { Recipe } from '../recipe.js';

export function labelled(frames: RunFrames, indices: readonly number[]): LabelledFrames {
  return {
    count: indices.length,
    ahead: frames.source.ahead ?? 0,
    read: async (i) => (await frames.source.read(indices[i]!)).pixels,
    readMasked: (i) => frames.source.read(indices[i]!),
    label: (i) => frames.labelOf(indices[i]!),
  };
}

/** The training frames of the run, the simulated ones that its recipe puts beside them, and what it disturbs them with. */
export function trainingFrames(recipe: Recipe, frames: RunFrames): LabelledFrames {
  const { source, partition } = frames;
  const size = [source.height, source.width] as const;
  const { simulated, nuisances } = recipe.training;
  const all = withSimulated(labelled(frames, partition.train), simulated, size, frames, recipe.seed);
  return withNuisances(all, nuisances, partition.train.length, size, recipe.seed);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Progress in words, and in events for programs: the back end, where a killed training goes on, every epoch. */
export function followTraining(progress: Progress): (event: TrainEvent) => void {
  let backend = '';
  let validation = '';
  return (event) => {
    switch (event.kind) {
      case 'backend':
        backend = event.backend.name;
        progress.tell('backend', { ...event.backend, workers: event.workers });
        break;
      case 'resumed':
        progress.tell('resumed', { afterEpoch: event.epoch });
        break;
      case 'frames':
        progress.update(event.done, event.total, `${event.part} frames read`);
        break;
      case 'step':
        progress.update(
          Math.round(event.fraction * 1000) / 10,
          100,
          `% on ${backend}, epoch ${event.epoch}/${event.epochs}, loss ${event.loss.toFixed(3)}${validation}`,
        );
        break;
      case 'epoch':
        validation = `, validation ${percent(event.result.validation.hitMissAccuracy)}`;
        progress.tell('epoch', { epochs: event.epochs, ...event.result });
        break;
    }
  };
}

/** Trains the network of `recipe`; the threshold in the result is chosen on validation frames. */
export async function trainStage(
  recipe: Recipe,
  frames: RunFrames,
  backend: BackendName,
  checkpoints: string,
  progress: Progress,
): Promise<TrainResult> {
  const { source, partition, classNames, hitClasses } = frames;
  const graph = await loadNetwork({
    network: recipe.training.network,
    name: recipe.name,
    preprocess: preprocessNodes(recipe.preprocess, [source.height, source.width]),
    classes: { classNames, hitClasses },
    seed: recipe.seed,
  });
  const trained = await trainNetwork({
    graph,
    train: trainingFrames(recipe, frames),
    validation: labelled(frames, partition.validation),
    recipe: recipe.training,
    seed: recipe.seed,
    backend,
    checkpoints,
    onProgress: followTraining(progress),
  });
  const best = trained.history.find((h) => h.epoch === trained.bestEpoch)!;
  progress.finish(
    `${graph.name} on ${trained.backend.description}; best epoch ${trained.bestEpoch} of ${trained.history.length}, ` +
      `validation hit/miss ${percent(best.validation.hitMissAccuracy)}` +
      (trained.resumedAfter === null ? '' : `; went on after epoch ${trained.resumedAfter}`),
  );
  return trained;
}
