/** The whole pipeline: frames, train, quantize, emit, verify, explain, report; into one run folder. */
import { chooseThreshold, evaluate } from '../../train/metrics.js';
import type { BackendName } from '../../train/backend.js';
import { veto, type FixedGraph } from '../../ir/graph.js';
import { saveRanges } from '../../calibrate/ranges.js';
import { createOrtFloat } from '../../simulate/ort-float.js';
import { loadFpga } from '../../targets/load.js';
import { renderRunReport, type NamedEvaluation } from '../../report/run-report.js';
import type { NamedFrame } from '../../verify/frames.js';
import type { Verification } from '../../verify/verify.js';
import { say, startProgress, type Progress } from '../console.js';
import { evaluationJson, evaluationTable } from '../evaluation-text.js';
import { version } from '../version.js';
import type { Recipe } from '../recipe.js';
import { RUN_FILES, writeGraph, type RunDraft } from '../run-folder.js';
import { emitStage, recipeHash } from './emit.js';
import { explainStage } from './explain.js';
import { openRunFrames, type RunFrames } from './frames.js';
import { evenly, quantizeStage } from './quantize.js';
import { scoreFixed } from './score.js';
import { stageRows } from './stage-rows.js';
import { trainStage } from './train.js';
import { verifyStage } from './verify.js';

export interface RunOutcome {
  readonly verification: Verification;
  readonly evaluations: readonly NamedEvaluation[];
}

/** Float logits of the frames `indices`, through ONNX Runtime. */
async function scoreFloat(
  graph: Parameters<typeof createOrtFloat>[0],
  frames: RunFrames,
  indices: readonly number[],
  progress: Progress,
): Promise<Float32Array[]> {
  const ort = await createOrtFloat(graph);
  try {
    const logits: Float32Array[] = [];
    for (const index of indices) {
      const [result] = await ort.run([(await frames.source.read(index)).pixels]);
      logits.push(result!.logits);
      progress.update(logits.length, indices.length, 'frames in float');
    }
    return logits;
  } finally {
    await ort.close();
  }
}

/** The threshold on fixed-point scores that keeps the wanted share of validation hits. */
async function withThreshold(
  recipe: Recipe,
  frames: RunFrames,
  fixed: FixedGraph,
  progress: Progress,
): Promise<FixedGraph> {
  const { validation } = frames.partition;
  const logits = await scoreFixed(fixed, frames.source, validation, progress);
  const threshold = chooseThreshold(
    logits.map((row) => veto(row, fixed.hitClasses)),
    validation.map((i) => fixed.hitClasses[frames.labelOf(i)]!),
    recipe.training.keepFraction,
  );
  return { ...fixed, threshold: Math.ceil(threshold) };
}

async function pixelsOf(frames: RunFrames, indices: readonly number[]): Promise<Uint16Array[]> {
  const pixels: Uint16Array[] = [];
  for (const index of indices) pixels.push((await frames.source.read(index)).pixels);
  return pixels;
}

/** Test frames first, then whatever else there is, until `wanted`. */
function verificationFrames({ partition }: RunFrames, wanted: number): readonly number[] {
  const { test, calibration, validation, train } = partition;
  return [...evenly(test, wanted), ...calibration, ...validation, ...train].slice(0, wanted);
}

/** Runs `recipe` into `draft`. */
export async function runPipeline(
  recipe: Recipe,
  draft: RunDraft,
  backend: BackendName,
  dumpIr: string | null = null,
): Promise<RunOutcome> {
  const target = await loadFpga(recipe.target);
  let progress = startProgress('Frames');
  const frames = await openRunFrames(recipe);
  const { partition, source, classNames } = frames;
  progress.finish(
    `${source.name}: ${source.height} × ${source.width}; ${partition.train.length} train, ${partition.validation.length} validation, ` +
      `${partition.calibration.length} calibration, ${partition.test.length} test`,
  );
  try {
    progress = startProgress('Train');
    const trained = await trainStage(recipe, frames, backend, progress);
    const float = trained.graph;
    await writeGraph(draft.path(RUN_FILES.floatGraph), 'float', float);

    progress = startProgress('Quantize');
    const quantized = await quantizeStage(recipe, frames, float, progress, dumpIr);
    await saveRanges(draft.path(RUN_FILES.ranges), quantized.ranges);
    await writeGraph(draft.path(RUN_FILES.preparedGraph), 'float', quantized.prepared);

    progress = startProgress('Evaluate');
    const fixed = await withThreshold(recipe, frames, quantized.fixed, progress);
    await writeGraph(draft.path(RUN_FILES.fixedGraph), 'fixed', fixed);
    const labels = partition.test.map(frames.labelOf);
    const { hitClasses } = fixed;
    const floatLogits = await scoreFloat(float, frames, partition.test, progress);
    const fixedLogits = await scoreFixed(fixed, source, partition.test, progress);
    const evaluations: readonly NamedEvaluation[] =
      labels.length === 0
        ? []
        : [
            {
              name: 'float',
              evaluation: evaluate({ logits: floatLogits, labels, hitClasses, threshold: float.threshold }),
            },
            {
              name: 'fixed',
              evaluation: evaluate({ logits: fixedLogits, labels, hitClasses, threshold: fixed.threshold }),
            },
          ];
    progress.finish(`${labels.length} test frames`);
    if (evaluations.length > 0) say(evaluationTable(evaluations));

    progress = startProgress('Emit');
    const chosen = verificationFrames(frames, recipe.verify.frames);
    const verified = await pixelsOf(frames, chosen);
    await emitStage(
      draft,
      recipe,
      { float, fixed },
      target,
      verified.slice(0, recipe.verify.tensorFrames),
      progress,
    );

    progress = startProgress('Verify');
    const named = verified.map((pixels, i): NamedFrame => ({
      name: `frame ${chosen[i]!} of ${source.name}`,
      kind: 'file',
      pixels,
    }));
    const verification = await verifyStage(fixed, draft.dir, named, recipe.verify.tensorFrames, progress);

    progress = startProgress('Explain');
    const decided = partition.test.map((index, i) => {
      const score = veto(fixedLogits[i]!, hitClasses);
      return { index, score, keep: score >= fixed.threshold };
    });
    const pictures = await explainStage(
      float,
      fixed.threshold,
      frames,
      decided,
      recipe.explain.frames,
      progress,
    );
    for (const [i, picture] of pictures.entries())
      await draft.write(`${RUN_FILES.explanations}/${String(i).padStart(2, '0')}.png`, picture.png);

    progress = startProgress('Report');
    await draft.write(
      RUN_FILES.evaluation,
      `${JSON.stringify(Object.fromEntries(evaluations.map((e) => [e.name, evaluationJson(e.evaluation)])), null, 2)}\n`,
    );
    await draft.write(RUN_FILES.verification, `${JSON.stringify(verification, null, 2)}\n`);
    const report = renderRunReport({
      name: `vetoc run: ${recipe.name}`,
      facts: [
        ['recipe', recipe.description],
        ['recipe hash', recipeHash(recipe)],
        ['seed', String(recipe.seed)],
        ['vetoc', version()],
        ['frames', `${source.name}, ${source.count} of ${source.height} × ${source.width}`],
        ['trained on', trained.backend.description],
        ['target', target.title],
      ],
      classNames,
      history: trained.history.map((h) => ({
        epoch: h.epoch,
        loss: h.loss,
        validationAccuracy: h.validation.hitMissAccuracy,
      })),
      evaluations,
      stages: stageRows(fixed),
      verification: {
        verdict: verification.verdict,
        rows: verification.witnesses.map((w) => ({
          ...w,
          note: w.skipped ?? w.failed ?? w.first?.text ?? '',
        })),
      },
      resources: [],
      pictures,
      command: 'vetoc evaluate RUN --frames FILE',
    });
    await draft.write(RUN_FILES.report, report);
    // Last: a folder with a recipe is a finished run.
    await draft.write(RUN_FILES.recipe, `${JSON.stringify({ ...recipe, vetoc: version() }, null, 2)}\n`);
    progress.finish('report/index.html');
    return { verification, evaluations };
  } finally {
    await source.close();
  }
}
