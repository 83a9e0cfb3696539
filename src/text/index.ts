/** `vetoc/text`: events and outcomes in words, for a terminal. */
export { outcomeText, warningText } from './outcomes.js';
export type { OutcomeText } from './outcomes.js';
export { createPace, progressLine, seconds, stepsText } from './progress.js';
export type { Pace } from './progress.js';
export {
  AUDIT_HELP,
  FILTER_HELP,
  FRAME_HELP,
  LIVE_HELP,
  PLAN_HELP,
  SIMULATE_HELP,
  SPOTFIND_HELP,
} from './help.js';
export { planText } from './plan.js';
export { simulatedText } from './simulated.js';
export { darksText } from './darks.js';
export { costText, mergedText, shardText } from './shards.js';
export { arrayOutcomeText, slurmScriptsText } from './slurm.js';
export { filteredText } from './filter.js';
export { finishedText, quantizedText } from './finished.js';
export { evaluatedText } from './evaluated.js';
export { decisionsTable } from './decisions.js';
export { differenceText, recipesText, runsTable } from './runs.js';
export { spotsText } from './spots.js';
export { targetsText, targetText } from './targets.js';
export { importedText } from './imported.js';
export { comparedText, comparisonText } from './comparison.js';
export { meteredText } from '../audit/words.js';
export { dialectsText, projectText, weightsText } from './projects.js';
export { queryCsv, queryRows, queryText } from './query.js';
export { evaluationTable, measuredText, thresholdText } from './evaluation.js';
export { estimateText } from './estimate.js';
export { liveEventText, liveText } from './live.js';
export { inspectionText } from './inspection.js';
export { sideBySideTable } from './side-by-side.js';
export { thresholdFoundText } from './threshold.js';
export { checksText, inversionText, mapChecksText } from './map-checks.js';
export { describeVerification } from './verification.js';
export { stressText } from '../run/stress/words.js';
export { noiseCheckText } from './noise-check.js';
export { storyText } from '../run/explain/story.js';
