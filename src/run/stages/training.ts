/** What every training of a run has: its frames, and how it is followed. */
import type { LabelledFrames } from '../../train/sample-cache.js';
import { repeated, withNuisances, withSimulated } from '../../train/simulated-frames.js';
import type { TrainEvent } from '../../train/train.js';
import { squarestLayout } from '../../data/stack-modules.js';
import { pictureSize } from '../modules-wish.js';
import type { Progress } from '../events.js';
import type { Recipe } from '../recipe.js';
import type { RunFrames } from './frames.js';

export function labelled(frames: RunFrames, indices: readonly number[]): LabelledFrames {
  return {
    count: indices.length,
    ahead: frames.source.ahead ?? 0,
    read: async (i) => (await frames.source.read(indices[i]!)).pixels,
    readMasked: (i) => frames.source.read(indices[i]!),
    label: (i) => frames.labelOf(indices[i]!),
  };
}

/** Each validation frame stands for so many where a recipe names nuisances: as it is, and disturbed. */
const VALIDATION_REPEATS = 3;

/** The validation frames of the run, as they are and as its recipe disturbs them. */
export function validationFrames(recipe: Recipe, frames: RunFrames): LabelledFrames {
  const { source, partition } = frames;
  const own = labelled(frames, partition.validation);
  return validationSet(own, recipe, [source.height, source.width]);
}

/** `own`, and where the recipe names nuisances again, disturbed by others than training sees. */
export function validationSet(
  own: LabelledFrames,
  { training: { nuisances }, seed }: Pick<Recipe, 'training' | 'seed'>,
  size: readonly [number, number],
): LabelledFrames {
  if (Object.keys(nuisances).length === 0) return own;
  return withNuisances(repeated(own, VALIDATION_REPEATS), nuisances, own.count, size, seed + 1);
}

/** The training frames of the run, the simulated ones that its recipe puts beside them, and what it disturbs them with. */
export function trainingFrames(recipe: Recipe, frames: RunFrames): LabelledFrames {
  const { source, partition } = frames;
  const size = [source.height, source.width] as const;
  const { simulated, nuisances } = recipe.training;
  const { modules, seed } = recipe;
  const layout =
    modules === null ? null : (modules.layout ?? squarestLayout(modules.count, pictureSize(modules, size)));
  const all = withSimulated(labelled(frames, partition.train), simulated, size, frames, seed, layout);
  return withNuisances(all, nuisances, partition.train.length, size, recipe.seed);
}

/** Progress, and facts for programs: the back end, where a killed training goes on, every epoch. */
export function followTraining(progress: Progress): (event: TrainEvent) => void {
  let backend = '';
  let accuracy: number | null = null;
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
        progress.update(event.done, event.total, { of: 'frames read', part: event.part });
        break;
      case 'step':
        progress.update(Math.round(event.fraction * 1000) / 10, 100, {
          of: 'training',
          backend,
          epoch: event.epoch,
          epochs: event.epochs,
          loss: event.loss,
          accuracy,
        });
        break;
      case 'epoch':
        accuracy = event.result.validation.hitMissAccuracy;
        progress.tell('epoch', { epochs: event.epochs, ...event.result });
        break;
    }
  };
}
