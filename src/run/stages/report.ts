/** Stage 7: the report page, and the figures in it as JSON beside it. */
import { renderRunReport, type ReportedEpoch, type RunReport } from '../../report/run-report.js';
import type { FixedGraph } from '../../ir/graph.js';
import { BACKENDS } from '../../backends/index.js';
import { machineText } from '../../core/machine.js';
import type { RunFacts } from '../../report/run-facts.js';
import { evaluationsJson } from '../../report/evaluation-json.js';
import { recipeHash, type Recipe } from '../recipe.js';
import { RUN_FILES, type RunDraft } from '../folder.js';
import type { VerificationRecord } from '../verification.js';
import { verificationPage, verificationSummary } from '../verification-summary.js';
import { version } from '../../core/version.js';
import type { Emitted } from './emit.js';
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
  readonly emitted: Emitted;
  readonly verification: VerificationRecord;
  readonly explanations: Explanations;
  readonly began: Date;
  readonly durations: RunFacts['durations'];
}

/** What stands in the folder of a run. */
const FILES: RunFacts['files'] = [
  {
    path: RUN_FILES.recipe,
    what: 'what was asked for, every default spelled out; vetoc run RECIPE repeats it',
  },
  { path: RUN_FILES.evaluation, what: 'the figures of this page, for programs' },
  { path: RUN_FILES.comparison, what: 'fixed beside float, layer by layer and frame by frame' },
  {
    path: RUN_FILES.verification,
    what: 'who was compared with whom, on how many frames, and what is proved',
  },
  {
    path: RUN_FILES.fixedGraph,
    what: 'the fixed-point network: formats and proofs; its weights stand beside it',
  },
];

/** Where each back end that wrote something stands, with the others. */
const filesOf = ({ written }: Emitted): RunFacts['files'] => [
  ...FILES,
  ...written.map(({ backend, title }) => ({
    path: `${BACKENDS.find(({ name }) => name === backend)!.folder}/`,
    what: title,
  })),
];

/** Frames of each part by class. */
const splitOf = ({ partition, classNames, labelOf }: RunFrames): RunFacts['split'] =>
  Object.entries(partition).map(([part, indices]) => ({
    part,
    classes: classNames.map((_, k) => indices.filter((i: number) => labelOf(i) === k).length),
  }));

const reportedEpoch = ({ epoch, loss, validation }: Network['history'][number]): ReportedEpoch => ({
  epoch,
  loss,
  validationLoss: validation.loss,
  validationAccuracy: validation.hitMissAccuracy,
});

/** Writes evaluation.json, compare.json, verify.json and the pages of the report. */
export async function reportStage(draft: RunDraft, recipe: Recipe, found: Findings): Promise<void> {
  const { frames, network, verification, evaluations } = found;
  const { source, classNames } = frames;
  await draft.write(RUN_FILES.evaluation, `${JSON.stringify(evaluationsJson(evaluations), null, 2)}\n`);
  await draft.write(RUN_FILES.comparison, `${JSON.stringify(found.compared.comparison, null, 2)}\n`);
  await draft.write(RUN_FILES.verification, `${JSON.stringify(verification, null, 2)}\n`);
  await draft.write(RUN_FILES.verificationPage, verificationPage(recipe.name, verification));
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
    run: {
      began: found.began.toISOString(),
      machine: machineText(),
      durations: found.durations,
      split: splitOf(frames),
      files: filesOf(found.emitted),
    },
    classNames,
    hitClasses: frames.hitClasses,
    history: network.history.map(reportedEpoch),
    fixedHistory: found.fixedHistory.map(reportedEpoch),
    evaluations,
    compared: found.compared,
    stages: stageRows(found.fixed),
    verification: verificationSummary(verification),
    firmware: found.emitted.firmware,
    left: found.emitted.left,
    choices: found.emitted.chosen,
    explained: found.explanations.frames,
    mapChecks: found.explanations.checks,
  });
  await draft.write(RUN_FILES.report, report);
}
