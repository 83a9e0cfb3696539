/** Stage 7: the report page, and the figures in it as JSON beside it. */
import type { Design } from '../../backends/dataflow/design.js';
import { summarize } from '../../backends/hls/summary.js';
import {
  renderRunReport,
  type FirmwareEstimate,
  type ReportedEpoch,
  type RunReport,
} from '../../report/run-report.js';
import type { FixedGraph } from '../../ir/graph.js';
import { evaluationsJson } from '../../report/evaluation-text.js';
import { recipeHash, type Recipe } from '../recipe.js';
import { RUN_FILES, type RunDraft } from '../folder.js';
import { STAGE_COLUMNS, stageRows as reachedRows } from '../../verify/drills/table.js';
import type { VerificationRecord } from '../verification.js';
import { version } from '../../core/version.js';
import type { Evaluated } from './evaluate.js';
import type { Explanations } from './explain.js';
import type { RunFrames } from './frames.js';
import type { Network } from './network.js';
import { stageRows } from './stage-rows.js';

/** What the stages before have found. */
export interface Findings {
  readonly frames: RunFrames;
  readonly network: Network;
  /** Epochs of training in fixed point. */
  readonly fixedHistory: Network['history'];
  readonly fixed: FixedGraph;
  readonly evaluations: Evaluated['evaluations'];
  readonly compared: RunReport['compared'];
  readonly design: Design;
  readonly verification: VerificationRecord;
  readonly explanations: Explanations;
}

/** The design's cost and speed, as the report shows them. */
export function firmwareEstimate(design: Design): FirmwareEstimate {
  const { timing, estimate } = summarize(design);
  const { lut, ff, dsp, bram36 } = estimate.utilisation;
  const needed = estimate.total;
  return {
    board: design.target.title,
    fits: estimate.fits,
    resources: [
      { name: 'LUT', needed: needed.lut, available: design.target.resources.lut, share: lut },
      { name: 'FF', needed: needed.ff, available: design.target.resources.ff, share: ff },
      { name: 'DSP', needed: needed.dsp, available: design.target.resources.dsp, share: dsp },
      { name: 'BRAM36', needed: needed.bram36, available: design.target.resources.bram36, share: bram36 },
    ],
    timing,
  };
}

const reportedEpoch = ({ epoch, loss, validation }: Network['history'][number]): ReportedEpoch => ({
  epoch,
  loss,
  validationLoss: validation.loss,
  validationAccuracy: validation.hitMissAccuracy,
});

/** Writes evaluation.json, compare.json, verify.json and report/index.html. */
export async function reportStage(draft: RunDraft, recipe: Recipe, found: Findings): Promise<void> {
  const { frames, network, verification, evaluations } = found;
  const { source, classNames } = frames;
  await draft.write(RUN_FILES.evaluation, `${JSON.stringify(evaluationsJson(evaluations), null, 2)}\n`);
  await draft.write(RUN_FILES.comparison, `${JSON.stringify(found.compared.comparison, null, 2)}\n`);
  await draft.write(RUN_FILES.verification, `${JSON.stringify(verification, null, 2)}\n`);
  const report = renderRunReport({
    name: `vetoc run: ${recipe.name}`,
    facts: [
      ['recipe', recipe.description],
      ['recipe hash', recipeHash(recipe)],
      ['seed', String(recipe.seed)],
      ['vetoc', version()],
      ['frames', `${source.name}, ${source.count} of ${source.height} × ${source.width}`],
      ['trained on', network.origin],
    ],
    classNames,
    history: network.history.map(reportedEpoch),
    fixedHistory: found.fixedHistory.map(reportedEpoch),
    evaluations,
    compared: found.compared,
    stages: stageRows(found.fixed),
    verification: {
      verdict: verification.verdict,
      rows: [
        ...verification.witnesses.map((w) => ({
          ...w,
          note: w.skipped ?? w.failed ?? w.first?.text ?? '',
        })),
        ...(verification.drills?.witnesses ?? []).map((w) => ({
          ...w,
          witness: `${w.witness}, each stage alone`,
          version: '',
          frames: w.drills,
          note: w.skipped ?? w.failed ?? w.first?.text ?? '',
        })),
      ],
      reached: {
        columns: STAGE_COLUMNS,
        rows: verification.drills === null ? [] : reachedRows(verification.coverage, verification.drills),
      },
    },
    firmware: firmwareEstimate(found.design),
    pictures: found.explanations.pictures,
    mapChecks: found.explanations.checks,
  });
  await draft.write(RUN_FILES.report, report);
}
