/** Stage 6: why some test frames were vetoed and some kept, on the arithmetic that decided, and whether the maps are any good. */
import { pngBytes } from '../../draw/picture.js';
import type { MapCheck } from '../../explain/check-maps.js';
import { evidencePicture } from '../../explain/evidence-picture.js';
import { dequantize, fixedValues } from '../../explain/fixed-twin.js';
import { createExplainer, gradCam, isWithoutImages } from '../../explain/grad-cam.js';
import { correlation } from '../../explain/measures.js';
import { mapPart } from '../../explain/seen-part.js';
import type { FixedGraph, FloatGraph } from '../../ir/graph.js';
import type { ExplainedFrame } from '../../report/explained-frames.js';
import type { Progress } from '../events.js';
import { checkMapsOn } from '../explain/check.js';
import type { RunFrames } from './frames.js';

/** A frame with the decision that the fixed-point network took. */
export interface Decided {
  readonly index: number;
  readonly keep: boolean;
  /** In least significant bits of the logits. */
  readonly score: number;
}

export interface Explanations {
  readonly frames: readonly ExplainedFrame[];
  /** Empty where no true peaks are known. */
  readonly checks: readonly MapCheck[];
}

/** Half kept, half vetoed, first come first served; fewer where there are fewer. */
function chooseFrames(decided: readonly Decided[], wanted: number): readonly Decided[] {
  const kept = decided.filter((d) => d.keep);
  const vetoed = decided.filter((d) => !d.keep);
  const fromKept = Math.min(kept.length, Math.max(Math.ceil(wanted / 2), wanted - vetoed.length));
  return [...vetoed.slice(0, wanted - fromKept), ...kept.slice(0, fromKept)];
}

/** A picture per chosen frame: what spoke for the decision taken, and how far the float network agrees. */
async function explainFrames(
  { float, fixed }: { readonly float: FloatGraph; readonly fixed: FixedGraph },
  frames: RunFrames,
  chosen: readonly Decided[],
  progress: Progress,
): Promise<readonly ExplainedFrame[]> {
  const decided = createExplainer(dequantize(fixed), fixedValues(fixed));
  const reference = createExplainer(float);
  try {
    const explained: ExplainedFrame[] = [];
    for (const { index, keep, score } of chosen) {
      const { pixels, mask, height, width } = await frames.source.read(index);
      const target = { kind: keep ? 'hit' : 'miss' } as const;
      const map = gradCam(decided, pixels, target);
      const parts = { pixels, mask, size: [height, width] as const, lines: null, rings: null };
      explained.push({
        ...{ index, keep, score, threshold: fixed.threshold },
        truth: frames.classNames[frames.labelOf(index)]!,
        agreement: correlation(map, gradCam(reference, pixels, target)),
        withoutImages: isWithoutImages(decided),
        png: pngBytes(evidencePicture(parts, mapPart(decided.graph, map.layer, map.size), map)),
      });
      progress.update(explained.length, chosen.length, { of: 'overlays' });
    }
    return explained;
  } finally {
    decided.dispose();
    reference.dispose();
  }
}

/** Pictures of `wanted` test frames, and the figures of every method on as many hits with known peaks. */
export async function explainStage(
  graphs: { readonly float: FloatGraph; readonly fixed: FixedGraph },
  frames: RunFrames,
  decided: readonly Decided[],
  wanted: number,
  progress: Progress,
): Promise<Explanations> {
  const explained = await explainFrames(graphs, frames, chooseFrames(decided, wanted), progress);
  const checks = await checkMapsOn(
    graphs.fixed,
    frames.source,
    decided.map((d) => d.index),
    wanted,
    progress,
  );
  progress.finish({ kind: 'explained', pictures: explained.length, checkedOn: checks[0]?.frames ?? 0 });
  return { frames: explained, checks };
}
