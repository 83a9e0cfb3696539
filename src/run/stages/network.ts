/** Stage 2: the float network, trained here or brought along. */
import { UserError } from '../../core/errors.js';
import type { FloatGraph } from '../../ir/graph.js';
import { veto } from '../../ir/graph.js';
import type { BackendName } from '../../tensorflow/backend-name.js';
import { chooseThreshold } from '../../statistics/veto-curve.js';
import type { TrainResult } from '../../train/train.js';
import type { Progress } from '../events.js';
import { originalText, importNetwork } from '../../frontends/import-network.js';
import { modelHash } from '../../frontends/model-file.js';
import { onWholeFrames, pictureSize } from '../modules-wish.js';
import type { Recipe } from '../recipe.js';
import { asHitOrMiss, evenly, framePixels, type RunFrames } from './frames.js';
import { scoreFloat } from './score.js';

export interface Network {
  readonly graph: FloatGraph;
  /** Empty for a network that was not trained here. */
  readonly history: TrainResult['history'];
  /** Where it comes from: the back end it was trained on, or the file. */
  readonly origin: string;
  /** The frames with the classes that the network tells apart. */
  readonly frames: RunFrames;
}

/** Validation frames on which a network from elsewhere is held against its original. */
const COMPARED_FRAMES = 4;

/** The frames with the classes of a network of so many logits; throws `UserError` where that cannot be. */
function framesFor(frames: RunFrames, logits: number, path: string): RunFrames {
  if (logits === frames.classNames.length) return frames;
  if (logits === 2) return asHitOrMiss(frames);
  throw new UserError(
    `tells ${logits} classes apart; the frames have ${frames.classNames.length} (${frames.classNames.join(', ')})`,
    { file: path, remedy: 'give a network of as many outputs as there are classes, or of two: miss and hit' },
  );
}

async function importStage(
  recipe: Recipe,
  model: NonNullable<Recipe['model']>,
  frames: RunFrames,
  backend: BackendName,
  progress: Progress,
): Promise<Network> {
  const { path, sha256 } = model;
  if ((await modelHash(path)) !== sha256)
    throw new UserError('is not the file that the recipe was made for', {
      file: path,
      field: 'model.sha256',
      remedy: 'restore it, or name it anew with --model',
    });
  const { source, partition } = frames;
  const rawSize = pictureSize(recipe.modules, [source.height, source.width]);
  const pixels: Uint16Array[] = [];
  // Of several modules the original is asked about the first: it knows one picture.
  for await (const frame of framePixels(source, evenly(partition.validation, COMPARED_FRAMES)))
    pixels.push(frame.pixels.slice(0, rawSize[0] * rawSize[1]));
  const {
    graph: picture,
    title,
    comparison,
    stated,
  } = await importNetwork({
    path,
    rawSize,
    preprocess: recipe.preprocess,
    classes(logits) {
      const { classNames, hitClasses } = framesFor(frames, logits, path);
      return { classNames, hitClasses };
    },
    frames: pixels,
  });
  const graph = onWholeFrames(picture, recipe.modules);
  const matched = framesFor(frames, graph.classNames.length, path);
  if (graph.hitClasses.some((hit, i) => hit !== matched.hitClasses[i]))
    throw new UserError(`its hit classes are not those of the frames (${matched.classNames.join(', ')})`, {
      file: path,
      remedy: 'import it again with the classes in the order of the frames',
    });
  const logits = await scoreFloat(graph, source, partition.validation, progress);
  const threshold = chooseThreshold(
    logits.map((row) => veto(row, graph.hitClasses)),
    partition.validation.map((i) => graph.hitClasses[matched.labelOf(i)]!),
    recipe.training.keepFraction,
  );
  // Explanations need gradients: the back end is opened here as training would.
  const { openBackend } = await import('../../tensorflow/backend.js');
  await openBackend(backend);
  const weights = graph.nodes.reduce(
    (sum, n) => sum + ('weights' in n ? n.weights.length + n.bias.length : 0),
    0,
  );
  progress.finish({
    kind: 'imported',
    network: graph.name,
    weights,
    path,
    title,
    comparison,
    stated,
  });
  const compared = comparison === null ? 'no original to compare with' : originalText(comparison);
  return {
    graph: { ...graph, threshold },
    history: [],
    origin: `not here: ${title}, ${path}; ${compared}`,
    frames: matched,
  };
}

/**
 * Trains the network of `recipe`, or takes in the one that it names. The threshold is chosen on validation frames. A
 * training that was killed goes on from the folder `checkpoints`.
 */
export async function networkStage(
  recipe: Recipe,
  frames: RunFrames,
  backend: BackendName,
  checkpoints: string,
  progress: Progress,
): Promise<Network> {
  if (recipe.model !== null) return importStage(recipe, recipe.model, frames, backend, progress);
  const { trainStage } = await import('./train.js');
  const trained = await trainStage(recipe, frames, backend, checkpoints, progress);
  return { graph: trained.graph, history: trained.history, origin: trained.backend.description, frames };
}
