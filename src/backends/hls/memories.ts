/** The memories that the scrubber watches, and how long it takes. */
import { loopsOf } from '../dataflow/loops.js';
import { isWeighted, type Plan, type Stage, type StageOf, type WeightedStage } from '../dataflow/plan.js';
import { weightedCost } from '../dataflow/folding.js';
import { maskWords } from './stages/mask-words.js';
import { factorsPerWord } from './part-words.js';

/** A stage that says with each frame whether its memories are as they should be. */
export type WatchedStage = WeightedStage | StageOf<'lut' | 'table' | 'mask' | 'receiveMaps'>;

const isWatched = (stage: Stage): stage is WatchedStage =>
  stage.kind === 'lut' ||
  stage.kind === 'table' ||
  stage.kind === 'mask' ||
  stage.kind === 'receiveMaps' ||
  (isWeighted(stage) && stage.adders === undefined);

/** In the order of the bits of the register `upsets`. */
export const watchedStages = (plan: Plan): readonly WatchedStage[] => plan.stages.filter(isWatched);

/** Cycles that share the multipliers of a stage: rows of its memory. */
const rowsOf = (stage: WeightedStage): number => {
  const { multipliers } = weightedCost(
    stage.node,
    stage.inputs[0]!.shape,
    stage.outputs[0]!.shape,
    stage.folding,
  );
  return stage.node.weights.mantissas.length / multipliers;
};

/** Whether the constants of a stage stand in a memory; one row alone becomes logic, and maps have a CRC each time they come. */
export const hasMemory = (stage: WatchedStage): boolean =>
  stage.kind !== 'receiveMaps' && (!isWeighted(stage) || stage.node.proof.worstCase || rowsOf(stage) > 1);

/** Words of 32 bits that the scrubber reads in a round. */
function wordsOf(stage: Exclude<WatchedStage, { kind: 'receiveMaps' }>): number {
  if (stage.kind === 'lut' || stage.kind === 'table') return stage.inputs[0]!.lanes * stage.node.table.length;
  if (stage.kind === 'mask')
    return maskWords(stage.node.live, stage.inputs[0]!.shape, stage.inputs[0]!.lanes).length;
  const { bias, mantissas, width } = stage.node.weights;
  const rows = rowsOf(stage);
  return rows * Math.ceil(mantissas.length / rows / factorsPerWord(width)) + 2 * bias.length;
}

export interface WatchedMemory {
  readonly stage: string;
  readonly words: number;
  /** Frames within which a flipped bit is flagged, wherever it is; 0 for logic, which is not watched. */
  readonly frames: number;
}

export const watchedMemories = (plan: Plan): readonly WatchedMemory[] =>
  watchedStages(plan).map((stage) => {
    if (stage.kind === 'receiveMaps' || !hasMemory(stage)) return { stage: stage.name, words: 0, frames: 0 };
    const words = wordsOf(stage);
    const { cycles } = loopsOf(stage).at(-1)!.events;
    // A bit that flips just behind the reader waits for the round that has begun and a whole one.
    return { stage: stage.name, words, frames: Math.ceil((2 * words) / cycles) + 1 };
  });

/** Frames after which any flipped bit is flagged. */
export const scrubFrames = (plan: Plan): number =>
  watchedMemories(plan).reduce((most, { frames }) => Math.max(most, frames), 0);
