/**
 * `vetoc`: what the command line does, as functions. Each takes a request, tells what happens as events, and gives its
 * outcome; bad input is a `UserError`. TensorFlow.js, ONNX Runtime and DuckDB are loaded by the work that needs them.
 */
import type * as OneFrame from './run/explain/one-frame.js';

export { InvariantError, UnsupportedError, UserError } from './core/errors.js';
export { version } from './core/version.js';
export { beginStage, silence } from './run/events.js';
export type { Emit, Progress, RunEvent } from './run/events.js';
export { draftRun, loadRun, RUN_FILES } from './run/folder.js';
export type { Run, RunDraft } from './run/folder.js';
export { loadRecipe, parseRecipe, recipeNames } from './run/recipe.js';
export type { Recipe } from './run/recipe.js';
export { runPipeline } from './run/pipeline.js';
export type { RunOutcome, RunRequest } from './run/pipeline.js';
export { requantizeRun } from './run/requantize.js';
export type { Requantized, RequantizeRequest } from './run/requantize.js';
export { evaluateRun } from './run/evaluate.js';
export type { EvaluateOutcome, EvaluateRequest, FrameDecision } from './run/evaluate.js';
export { compareRun } from './run/compare.js';
export type { CompareOutcome, CompareRunRequest } from './run/compare.js';
export { scoreRun } from './run/score.js';
export type { ScoreOutcome, ScoreRequest } from './run/score.js';
export { filterFrames } from './run/filter.js';
export type { FilterOutcome, FilterRequest } from './run/filter.js';
export { verifyRun } from './run/verify.js';
export type { VerifyRunRequest } from './run/verify.js';
export type { VerificationRecord } from './run/verification.js';
export { inspectFrames } from './run/inspect.js';
export type { Inspection, InspectRequest } from './run/inspect.js';
export { simulateToFile } from './run/simulate.js';
export type { SimulateRequest, SimulationSummary } from './run/simulate.js';
export { spotfind } from './run/spotfind/run.js';
export type { SpotfindOutcome, SpotfindRequest } from './run/spotfind/run.js';
export { exportHls } from './run/export-hls.js';
export type { ExportHlsRequest, WrittenFirmware } from './run/export-hls.js';
export { exportOnnx } from './run/export-onnx.js';
export type { ExportOnnxRequest, WrittenOnnx } from './run/export-onnx.js';
export { exportWeights } from './run/export-weights.js';
export type { ExportWeightsRequest, WrittenWeights } from './run/export-weights.js';
export type { ExplainRequest, FrameExplanation } from './run/explain/one-frame.js';

/** Why one frame was decided as it was: maps and pictures in a folder, and what would have changed the decision. */
export const explainFrame: typeof OneFrame.explainFrame = async (...request) =>
  (await import('./run/explain/one-frame.js')).explainFrame(...request);
