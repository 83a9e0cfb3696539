/** A network trained by a recipe for the accuracy bench, in float and in the firmware's fixed point. */
import { join } from 'node:path';
import { showEvents } from '../../../src/cli/console.js';
import { beginStage } from '../../../src/run/events.js';
import { withThreshold } from '../../../src/run/stages/evaluate.js';
import { withTeacher } from '../../../src/run/stages/teacher.js';
import { validationSet } from '../../../src/run/stages/training.js';
import type { CalibrationFrame } from '../../../src/calibrate/observe.js';
import type { Recipe } from '../../../src/run/recipe.js';
import { readGraph, writeGraph } from '../../../src/ir/graph-files.js';
import type { FrameSource } from '../../../src/data/frames.js';
import { preprocessNodes } from '../../../src/frontends/network/preprocess.js';
import type { FixedGraph, FloatGraph } from '../../../src/ir/graph.js';
import { quantizeNetwork } from '../../../src/passes/quantize-network.js';
import { loadNetwork } from '../../../src/frontends/network/load.js';
import type { BackendName } from '../../../src/tensorflow/backend-name.js';
import { trainQuantized } from '../../../src/train/quantization-aware.js';
import { joined, withNuisances } from '../../../src/train/simulated-frames.js';
import { trainNetwork, type TrainEvent, type TrainRequest } from '../../../src/train/train.js';
import { HIT_CLASSES, labelledFrames, simulatedBeside, type Parts, type Seen } from './parts.js';

const CALIBRATION_FRAMES = 128;

export interface Networks {
  readonly name: string;
  readonly float: FloatGraph;
  readonly fixed: FixedGraph;
}

export interface NetworksRequest {
  readonly name: string;
  readonly source: FrameSource;
  readonly parts: Parts;
  /** With the network in its training section. */
  readonly recipe: Recipe;
  /** What training may see of crystals and detector styles; null: all. */
  readonly seen: Seen | null;
  /** Where trained networks and checkpoints lie; a network that is there is not trained again. */
  readonly keep: string | null;
  readonly backend: BackendName;
}

const follow =
  (name: string) =>
  (event: TrainEvent): void => {
    if (event.kind !== 'epoch') return;
    const { epoch, loss, accuracy, validation: v } = event.result;
    const percent = (x: number): string => (100 * x).toFixed(1);
    process.stderr.write(
      `${name} ${epoch}/${event.epochs}: loss ${loss.toFixed(3)}, classes ${percent(accuracy)} %; validation loss ${v.loss.toFixed(3)}, ` +
        `hit/miss ${percent(v.hitMissAccuracy)} %, classes ${percent(v.accuracy)} %, rejected ${percent(v.rejection ?? NaN)} %\n`,
    );
  };

/** The own frames, as often as the recipe says, and the simulated ones that it asks for. */
function trainingFrames({ source, parts, recipe, seen }: NetworksRequest): TrainRequest['train'] {
  const { frames, ownRepeats } = recipe.training.simulated;
  const own = labelledFrames(source, parts.train);
  const sets = Array.from({ length: ownRepeats }, () => own);
  if (frames > 0) {
    const simulated = simulatedBeside(source, frames, seen);
    sets.push({
      ...labelledFrames(simulated.source, simulated.indices),
      close: () => simulated.source.close(),
    });
  }
  const { nuisances } = recipe.training;
  return withNuisances(joined(sets), nuisances, own.count, [source.height, source.width], recipe.seed);
}

const pupilOf = (source: FrameSource) => ({
  classNames: source.classNames!,
  hitClasses: HIT_CLASSES,
  size: [source.height, source.width] as const,
});

async function trainedFloat(request: NetworksRequest, training: TrainRequest): Promise<FloatGraph> {
  const file = request.keep === null ? null : join(request.keep, `${request.name}.json`);
  const kept = file === null ? null : await readGraph(file, 'float').catch(() => null);
  if (kept !== null) return kept;
  const { recipe, source } = request;
  const { graph } = await withTeacher(recipe.training.teacher?.model ?? null, pupilOf(source), (taught) =>
    trainNetwork({ ...training, ...taught }),
  );
  if (file !== null) await writeGraph(file, 'float', graph);
  return graph;
}

/** Frames that validate calibrate, too. */
export async function calibrationFramesOf({
  source,
  parts,
}: Pick<NetworksRequest, 'source' | 'parts'>): Promise<CalibrationFrame[]> {
  const frames: CalibrationFrame[] = [];
  for (const i of parts.validation.slice(0, CALIBRATION_FRAMES))
    frames.push({ pixels: (await source.read(i)).pixels, spots: null });
  return frames;
}

/** Trains the network unless it is kept, and quantizes it with frames that validated it. */
export async function trainedNetworks(request: NetworksRequest): Promise<Networks> {
  const { name, source, parts, recipe, keep } = request;
  const { training, seed, calibration, quantization } = recipe;
  const graph = await loadNetwork({
    network: training.network,
    preprocess: preprocessNodes(recipe.preprocess, [source.height, source.width]),
    classes: { classNames: source.classNames!, hitClasses: HIT_CLASSES },
    seed,
  });
  const size = [source.height, source.width] as const;
  const validation = validationSet(labelledFrames(source, parts.validation), recipe, size);
  const trainRequest: TrainRequest = {
    graph,
    train: trainingFrames(request),
    validation,
    recipe: training,
    seed,
    backend: request.backend,
    onProgress: follow(name),
    ...(keep === null ? {} : { checkpoints: join(keep, 'checkpoints') }),
  };
  const float = await trainedFloat(request, trainRequest);
  const calibrationFrames = await calibrationFramesOf(request);
  const quantize = { calibration, quantization };
  const { fixed } =
    training.quantizationAware.epochs > 0
      ? await withTeacher(training.teacher?.model ?? null, pupilOf(source), (taught) =>
          trainQuantized({
            ...{ ...trainRequest, ...taught },
            graph: float,
            calibrationFrames: () => calibrationFrames,
            quantize,
          }),
        )
      : await quantizeNetwork(float, calibrationFrames, quantize);
  const { keepFraction } = training;
  const progress = beginStage(showEvents(), 'Threshold');
  return {
    name,
    float,
    fixed: await withThreshold(fixed, source, validation, keepFraction, progress),
  };
}
