/** Frames of a run with what spoke for the decision taken on them. */
import { html, type Html } from '../draw/html.js';
import { pictureFigure } from './page.js';

/** Above this rank correlation the maps of both networks are said to agree. */
const AGREE = 0.9;

export interface ExplainedFrame {
  readonly index: number;
  /** The class that it is labelled with. */
  readonly truth: string;
  readonly keep: boolean;
  /** Score and threshold, in least significant bits of the logits. */
  readonly score: number;
  readonly threshold: number;
  /** Rank correlation of the maps of the fixed-point and the float network. */
  readonly agreement: number;
  /** A network without an image layer is explained by gradient times input. */
  readonly withoutImages: boolean;
  readonly png: Uint8Array;
}

function describe({
  index,
  truth,
  keep,
  score,
  threshold,
  agreement,
  withoutImages,
}: ExplainedFrame): string {
  const decision = `${keep ? 'kept' : 'vetoed'}: frame ${index} (${truth}), score ${score}, threshold ${threshold} levels`;
  const maps = `float and fixed maps ${agreement >= AGREE ? 'agree' : 'differ'} (rank correlation ${agreement.toFixed(2)})`;
  return [
    decision,
    maps,
    ...(withoutImages ? ['gradient times input, as the network has no image layer'] : []),
  ].join('; ');
}

const explainedFigure = (frame: ExplainedFrame): Html =>
  pictureFigure({ png: frame.png, caption: describe(frame) });

/** What the maps are, and the frames with them. */
export function explainedSection(frames: readonly ExplainedFrame[]): Html {
  const method = frames.some(({ withoutImages }) => withoutImages)
    ? 'Gradient times input of the decision taken, as there is no image layer for Grad-CAM'
    : 'Grad-CAM of the decision taken';
  return html`<p class="soft">
      ${method}, on the firmware's own activations, over the frame on a square-root scale: dark blue is no
      evidence, yellow the most in the frame. Scores and thresholds are in levels.
    </p>
    <div class="pictures">${frames.map(explainedFigure)}</div>`;
}
