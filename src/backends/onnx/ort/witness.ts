/** ONNX Runtime as a witness: runs `fixed.onnx` on raw frames in batches, on whichever execution provider is asked for. */
import type * as ort from 'onnxruntime-node';
import { invariant } from '../../../core/errors.js';
import { cutStages } from '../cut.js';
import { FEATURES, KEEP, LOGITS, SCORE } from '../decision.js';
import { exposeTensors } from '../expose.js';
import { emitFixedOnnx } from '../fixed.js';
import { TENSOR_SUFFIX } from '../metadata.js';
import { BY_PRESCALE, BY_SCORE, PRESCALE_INPUT, WEIGHT } from '../prescale.js';
import { nodeId, type NodeId } from '../../../ir/common.js';
import { NO_MAPS } from '../../../ir/frame-maps.js';
import { inputNode, type FixedGraph } from '../../../ir/graph.js';
import type { PrescaleAnswer } from '../../../ir/prescale.js';
import { runDrills } from './drill.js';
import {
  DEFAULT_BATCH,
  frameBatch,
  mapsFeeds,
  openSession,
  ortVersion,
  prescaleBatch,
  type OrtOptions,
} from './session.js';
import type { FrameResult, Witness } from '../../../simulate/witness.js';

/** The rows of an output `[N, …]`, one a frame. */
function rows(tensor: ort.Tensor | undefined, name: string, count: number): Int32Array[] {
  invariant(tensor?.type === 'int32', `ONNX Runtime gave no int32 ${name}`);
  const data = tensor.data as Int32Array;
  const length = data.length / count;
  return Array.from({ length: count }, (_, i) => data.slice(i * length, (i + 1) * length));
}

/** What a model with a prescale says of each frame. */
function prescaledOf(outputs: ort.InferenceSession.ReturnType, count: number): PrescaleAnswer[] {
  const weights = rows(outputs[WEIGHT], WEIGHT, count);
  const [keep, byPrescale] = ['keep', BY_PRESCALE].map((name) => outputs[name]!.data as Uint8Array);
  return weights.map(([weight], i) => ({
    keep: Boolean(keep![i]),
    byPrescale: Boolean(byPrescale![i]),
    weight: weight!,
  }));
}

/** What a `fixed.onnx` says of `count` frames; with their prescale where it was `asked`. */
export function results(
  outputs: ort.InferenceSession.ReturnType,
  count: number,
  asked: boolean,
): FrameResult[] {
  const decides = !(FEATURES in outputs);
  const name = decides ? LOGITS : FEATURES;
  const logits = rows(outputs[name], name, count);
  const scores = decides ? rows(outputs[SCORE], SCORE, count) : null;
  const byScore = (outputs[BY_SCORE] ?? outputs[KEEP])?.data as Uint8Array | undefined;
  const prescales = asked ? prescaledOf(outputs, count) : [];
  const tensors = Object.keys(outputs)
    .filter((name) => name.endsWith(TENSOR_SUFFIX))
    .map((name): [NodeId, Int32Array[]] => [
      nodeId(name.slice(0, -TENSOR_SUFFIX.length)),
      rows(outputs[name], name, count),
    ]);
  return logits.map((row, i) => ({
    logits: row,
    // Features decide nothing: the definition then says that the frame is kept.
    score: scores?.[i]![0] ?? 0,
    keep: decides ? Boolean(byScore![i]) : true,
    ...(asked ? { prescaled: prescales[i]! } : {}),
    tensors: new Map(tensors.map(([id, values]) => [id, values[i]!])),
  }));
}

/** The file as it is; with every tensor as an output; with every tensor as an input, too. */
const VIEWS = {
  plain: (model: Uint8Array) => model,
  exposed: exposeTensors,
  cut: cutStages,
} as const;
type View = keyof typeof VIEWS;

/**
 * ONNX Runtime on `model`, a `fixed.onnx` of `graph` (emitted here unless given). Sessions open at the first call that
 * needs them; those that show or drive every stage are the same model with more outputs and inputs. Close it when done.
 */
export async function createOrtWitness(
  graph: FixedGraph,
  options: OrtOptions = {},
  model: Uint8Array = emitFixedOnnx(graph),
): Promise<Witness> {
  const size = inputNode(graph).size;
  const sessions = new Map<View, Promise<ort.InferenceSession>>();
  const session = (view: View): Promise<ort.InferenceSession> => {
    const open = sessions.get(view) ?? openSession(VIEWS[view](model), options);
    sessions.set(view, open);
    return open;
  };
  const batch = options.batch ?? DEFAULT_BATCH;
  const witness: Witness = {
    name: 'onnxruntime',
    version: await ortVersion(options),
    async run(frames, { tensors = false, prescale, maps = [] } = {}) {
      const opened = await session(tensors ? 'exposed' : 'plain');
      const hasPrescale = opened.inputNames.includes(PRESCALE_INPUT);
      const all: FrameResult[] = [];
      for (let i = 0; i < frames.length; i += batch) {
        const part = frames.slice(i, i + batch);
        const feeds = {
          frames: await frameBatch(part, size),
          ...(await mapsFeeds(
            graph,
            part.map((_, k) => maps[i + k] ?? NO_MAPS),
            tensors,
          )),
          ...(hasPrescale
            ? { [PRESCALE_INPUT]: await prescaleBatch(part.length, prescale?.slice(i, i + batch)) }
            : {}),
        };
        all.push(...results(await opened.run(feeds), part.length, hasPrescale && prescale !== undefined));
      }
      return all;
    },
    drill: async (drills) => runDrills(await session('cut'), graph, drills, batch),
    async close() {
      // A session that could not be opened has said so to whoever asked it.
      for (const open of sessions.values())
        await open.then(
          (opened) => opened.release(),
          () => undefined,
        );
      sessions.clear();
    },
  };
  // Opening at once tells of a missing provider before any frame is read.
  await session('plain');
  return witness;
}
