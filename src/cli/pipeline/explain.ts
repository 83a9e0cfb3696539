/** Stage 6: Grad-CAM of the float reference for some vetoed and some kept frames. */
import { pngBytes } from '../../core/picture.js';
import type { FloatGraph } from '../../ir/graph.js';
import { createExplainer, gradCam } from '../../explain/grad-cam.js';
import { evidencePicture } from '../../explain/evidence-picture.js';
import type { PictureEntry } from '../../report/run-report.js';
import type { Progress } from '../console.js';
import type { RunFrames } from './frames.js';

/** A frame with the decision that the fixed-point network took. */
export interface Decided {
  readonly index: number;
  readonly keep: boolean;
  /** In least significant bits of the logits. */
  readonly score: number;
}

/** Half kept, half vetoed, first come first served; fewer where there are fewer. */
function chooseFrames(decided: readonly Decided[], wanted: number): readonly Decided[] {
  const kept = decided.filter((d) => d.keep);
  const vetoed = decided.filter((d) => !d.keep);
  const fromKept = Math.min(kept.length, Math.max(Math.ceil(wanted / 2), wanted - vetoed.length));
  return [...vetoed.slice(0, wanted - fromKept), ...kept.slice(0, fromKept)];
}

/** A picture per chosen frame: what spoke for the decision taken. */
export async function explainStage(
  float: FloatGraph,
  threshold: number,
  frames: RunFrames,
  decided: readonly Decided[],
  wanted: number,
  progress: Progress,
): Promise<readonly PictureEntry[]> {
  const explainer = createExplainer(float);
  try {
    const chosen = chooseFrames(decided, wanted);
    const pictures: PictureEntry[] = [];
    for (const { index, keep, score } of chosen) {
      const { pixels } = await frames.source.read(index);
      const map = gradCam(explainer, pixels, { kind: keep ? 'hit' : 'miss' });
      const truth = frames.classNames[frames.labelOf(index)]!;
      pictures.push({
        caption: `${keep ? 'kept' : 'vetoed'}: frame ${index} (${truth}), score ${score}, threshold ${threshold}`,
        png: pngBytes(evidencePicture(float, pixels, map)),
      });
      progress.update(pictures.length, chosen.length, 'overlays');
    }
    progress.finish(`${pictures.length} overlays`);
    return pictures;
  } finally {
    explainer.dispose();
  }
}
