/**
 * `vetoc`: what the command line does, as functions. Each takes a request, tells what happens as events, and gives its
 * outcome; bad input is a `UserError`. TensorFlow.js, ONNX Runtime and DuckDB are loaded by the work that needs them.
 */
import type * as Check from './run/explain/check.js';
import type * as Gallery from './run/explain/gallery.js';
import type * as Invert from './run/explain/invert.js';
import type * as OneFrame from './run/explain/one-frame.js';
import type * as Live from './run/live.js';
import type * as View from './run/audit/view.js';

export { InvariantError, UnsupportedError, UserError } from './core/errors.js';
export { version } from './core/version.js';
export { beginStage, silence } from './run/events.js';
export type { Emit, Progress, RunEvent } from './run/events.js';
export type { Steps } from './run/progress.js';
export type { StageOutcome, Warning } from './run/outcomes.js';
export type { FrameOptionValues } from './run/frame-options.js';

// A run.
export { draftRun, loadRun, RUN_FILES } from './run/folder.js';
export type { Run, RunDraft } from './run/folder.js';
export { loadRecipe, parseRecipe, recipeNames } from './run/recipe.js';
export type { Recipe } from './run/recipe.js';
export { PRICES } from './run/price-names.js';
export { startRun } from './run/start.js';
export type { StartedRun, StartRequest } from './run/start.js';
export { listRuns } from './run/runs/list.js';
export type { ListedRun } from './run/runs/list.js';
export { listRecipes } from './run/runs/recipes.js';
export type { Recipes } from './run/runs/recipes.js';
export { diffRuns } from './run/runs/diff.js';
export type { DiffRequest } from './run/runs/diff.js';
export type { RunDifference } from './report/run-difference.js';
export { runPipeline } from './run/pipeline.js';
export type { RunOutcome, RunRequest } from './run/pipeline.js';
export { backendNameSchema } from './tensorflow/backend-name.js';
export { importToFolder } from './run/import.js';
export type { ImportOutcome, ImportRequest } from './run/import.js';
export { quantizeRun } from './run/quantize.js';
export type { QuantizeRunRequest } from './run/quantize.js';
export type { Requantized } from './run/requantize.js';

// Frames.
export { inspectFrames } from './run/inspect.js';
export type { Inspection, InspectRequest } from './run/inspect.js';
export { PLANNED_DETECTOR_NAMES, planVeto } from './run/plan.js';
export type { PlannedDetectorName, PlanOutcome, PlanRequest } from './run/plan.js';
export { makeDarks } from './run/darks.js';
export type { DarksOutcome, DarksRequest } from './run/darks.js';
export { simulateShard, simulateToFile } from './run/simulate.js';
export type { SimulateRequest, SimulationSummary } from './run/simulate.js';
export { simulationOptions } from './run/simulation-wish.js';
export type { SimulationWish } from './run/simulation-wish.js';
export { spotfind, spotfindShard } from './run/spotfind/run.js';
export type { SpotfindOutcome, SpotfindRequest } from './run/spotfind/run.js';
export { jsonSink } from './run/spotfind/json-sink.js';
export { parameterNames, SPOT_ALGORITHMS } from './spotfind/parameters.js';

// What a finished run decides.
export { evaluateRun, evaluateShard } from './run/evaluate.js';
export type { EvaluateOutcome, EvaluateRequest, FrameDecision } from './run/evaluate.js';
export type { RawDifference } from './run/raw-difference.js';
export { evaluationJson, evaluationsJson } from './report/evaluation-json.js';
export type { NamedEvaluation } from './report/evaluation.js';
export { parseJudges } from './run/side-by-side.js';
export type { Judged } from './report/side-by-side.js';
export { compareRun } from './run/compare.js';
export type { CompareOutcome, CompareRunRequest } from './run/compare.js';
export { scoreRun, scoreShard } from './run/score.js';
export type { ScoreOutcome, ScoreRequest } from './run/score.js';
export { SCORE_FORMATS } from './run/score-sinks.js';
export { mergeShards } from './run/shards/merge.js';
export type { MergeOutcome, MergeRequest } from './run/shards/merge.js';
export { slurmAudit, slurmAuditScripts } from './run/slurm/audit.js';
export type { SlurmAuditOutcome, SlurmAuditRequest } from './run/slurm/audit.js';
export type { SlurmScripts } from './run/slurm/array.js';
export { slurmWords, sweepWords } from './run/slurm/words.js';
export { slurmSweep, sweepScripts } from './run/slurm/sweep.js';
export type { SweepOutcome, SweepRequest } from './run/slurm/sweep.js';
export { shardCost } from './run/shards/cost.js';
export type { CostRequest, ShardCost } from './run/shards/cost.js';
export { parseShard, shardWish } from './run/shards/shard.js';
export type { Shard, ShardWish } from './run/shards/shard.js';
export type { ShardOutcome } from './run/shards/folder.js';
export { filterFrames } from './run/filter.js';
export { filteredJson } from './run/filter-json.js';
export { filterShard } from './run/filter-shard.js';
export type { FilterOutcome, FilterRequest } from './run/filter.js';
export { findThreshold } from './run/threshold.js';
export type { ThresholdOutcome, ThresholdRequest } from './run/threshold.js';
export type { Interval } from './statistics/proportion.js';
export { parseNuisances, STRESS_FILES, stressRun } from './run/stress/run.js';
export type { StressRunOutcome, StressRunRequest } from './run/stress/run.js';
export { audit, auditFolder } from './run/audit/start.js';
export type { AuditRequest, StartedAudit } from './run/audit/start.js';
export { auditShard } from './run/audit/shard.js';
export { meterDecisions } from './run/audit/decisions.js';
export type { DecisionMeterOptions } from './run/audit/decisions.js';
export { auditFigures, exportAudit, queryAudit, writeAuditPage } from './run/audit/read.js';
export type { AuditExports, AuditPageRequest } from './run/audit/read.js';
export type { ViewRequest } from './run/audit/view.js';
export type { LiveRequest, LiveRun, LiveRunEvent } from './run/live.js';
export type { LiveOutcome } from './live/session.js';
export { WHEN_FULL } from './live/settings.js';
export { MAP_METHODS } from './explain/method-names.js';
export type { CheckRequest } from './run/explain/check.js';
export type { GalleryRequest } from './run/explain/gallery.js';
export type { InvertRequest } from './run/explain/invert.js';
export type { FrameExplanation } from './run/explain/explanation.js';
export type { ExplainRequest } from './run/explain/one-frame.js';

// Its firmware and files.
export { verifyRun } from './run/verify.js';
export type { VerifyRunRequest } from './run/verify.js';
export type { VerificationRecord } from './run/verification.js';
export { WITNESS_NAMES } from './run/witnesses.js';
export { LEVELS, printLevel } from './run/print.js';
export type { Level, PrintRequest } from './run/print.js';
export { firmwareOptions, FRAMINGS, OVERFLOWS, parsePixelsPerClock } from './run/firmware-wish.js';
export type { FirmwareWish } from './run/firmware-wish.js';
export { synthesizeRun } from './run/synthesis.js';
export type { RunSynthesis } from './run/synthesis.js';
export { estimateRun } from './run/estimate.js';
export type { FirmwareEstimate } from './run/estimate.js';
export type { RawWish } from './run/raw-network.js';
export { exportProject, PROJECT_BACKENDS } from './run/export-project.js';
export type { ExportProjectRequest, WrittenProject } from './run/export-project.js';
export { DIALECT_BACKENDS, exportDialects } from './run/export-dialects.js';
export type { ExportDialectsRequest, WrittenDialect } from './run/export-dialects.js';
export { exportWeights } from './run/export-weights.js';
export type { ExportWeightsRequest, WrittenWeights } from './run/export-weights.js';
export type { Backend, FirmwareFigures } from './backends/backend.js';

/** Why one frame was decided as it was: maps and pictures in a folder, and what would have changed the decision. */
export const explainFrame: typeof OneFrame.explainFrame = async (...request) =>
  (await import('./run/explain/one-frame.js')).explainFrame(...request);

/** How far the maps of each method find true Bragg peaks, beside a random control. */
export const explainCheck: typeof Check.explainCheck = async (...request) =>
  (await import('./run/explain/check.js')).explainCheck(...request);

/** A page with frames of every class and their evidence. */
export const explainGallery: typeof Gallery.explainGallery = async (...request) =>
  (await import('./run/explain/gallery.js')).explainGallery(...request);

/** What each layer still knows of a frame: the input with the same representation there. */
export const explainInversion: typeof Invert.explainInversion = async (...request) =>
  (await import('./run/explain/invert.js')).explainInversion(...request);

/** Decides on frames as they come from a source, and delivers decisions and kept frames to sinks. */
export const startLive: typeof Live.startLive = async (...request) =>
  (await import('./run/live.js')).startLive(...request);

/** Serves a page to look through an audit; ends when the signal says so. */
export const viewAudit: typeof View.viewAudit = async (...request) =>
  (await import('./run/audit/view.js')).viewAudit(...request);
