/** Stage 2: the network, trained on the run's training frames. */
import type { RunFrames } from './frames.js';
import { preprocessNodes } from '../../frontends/network/preprocess.js';
import type { BackendName } from '../../tensorflow/backend-name.js';
import { loadNetwork } from '../../frontends/network/load.js';
import { trainNetwork, type TrainRequest, type TrainResult } from '../../train/train.js';
import type { Progress } from '../events.js';
import type { Recipe } from '../recipe.js';
import { UserError } from '../../core/errors.js';
import { onWholeFrames, pictureSize } from '../modules-wish.js';
import { withTeacher } from './teacher.js';
import { followTraining, trainingFrames, validationFrames } from './training.js';

/** Trains the network of `recipe`; the threshold in the result is chosen on validation frames. */
export async function trainStage(
  recipe: Recipe,
  frames: RunFrames,
  backend: BackendName,
  checkpoints: string,
  progress: Progress,
): Promise<TrainResult> {
  const { source, classNames, hitClasses } = frames;
  const { modules } = recipe;
  const picture = await loadNetwork({
    network: recipe.training.network,
    name: recipe.name,
    preprocess: preprocessNodes(recipe.preprocess, pictureSize(modules, [source.height, source.width])),
    classes: { classNames, hitClasses },
    seed: recipe.seed,
  });
  const graph = onWholeFrames(picture, modules);
  const { teacher } = recipe.training;
  if (modules !== null && teacher !== null)
    throw new UserError('a teacher sees one picture, not several modules', {
      field: 'training.teacher',
      remedy: 'leave out the teacher, or --split',
    });
  const pupil = { classNames, hitClasses, size: [source.height, source.width] as const };
  const request: TrainRequest = {
    graph,
    train: trainingFrames(recipe, frames),
    validation: validationFrames(recipe, frames),
    recipe: recipe.training,
    seed: recipe.seed,
    backend,
    checkpoints,
    onProgress: followTraining(progress),
  };
  const trained = await withTeacher(teacher?.model ?? null, pupil, (taught) =>
    trainNetwork({ ...request, ...taught }),
  );
  const best = trained.history.find((h) => h.epoch === trained.bestEpoch)!;
  progress.finish({
    kind: 'trained',
    network: graph.name,
    backend: trained.backend.description,
    bestEpoch: trained.bestEpoch,
    epochs: trained.history.length,
    accuracy: best.validation.hitMissAccuracy,
    resumedAfter: trained.resumedAfter,
  });
  return trained;
}
