/** Evidence maps for the page: Grad-CAM of the decision on the firmware's arithmetic and on the float network. */
import { mapOverFrame } from '../../explain/evidence-picture.js';
import { dequantize, fixedValues } from '../../explain/fixed-twin.js';
import { createExplainer, gradCam, type Explainer } from '../../explain/grad-cam.js';
import { mapPart } from '../../explain/seen-part.js';
import type { FrameGeometry } from '../../spotfind/layout.js';
import { openBackend } from '../../tensorflow/backend.js';
import { inputNode } from '../../ir/graph.js';
import type { AuditedNetworks } from '../setup.js';
import { describeEvidence } from '../words.js';

export const ARITHMETICS = ['fixed', 'float'] as const;
export type Arithmetic = (typeof ARITHMETICS)[number];

export interface FrameEvidence {
  /** Layer of the map. */
  readonly layer: string;
  /** Over the raw frame, 255 at the strongest place. */
  readonly levels: Uint8Array;
  readonly words: string;
}

export interface EvidenceMaker {
  /** What speaks for the decision `keep` on a raw frame. */
  explain(
    arithmetic: Arithmetic,
    pixels: Uint16Array,
    keep: boolean,
    geometry: FrameGeometry,
  ): Promise<FrameEvidence>;
  close(): void;
}

/** Prepares both explainers when they are first asked for. */
export function createEvidenceMaker({ fixed, float }: AuditedNetworks): EvidenceMaker {
  const made = new Map<Arithmetic, Explainer>();
  const make: Readonly<Record<Arithmetic, () => Explainer>> = {
    fixed: () => createExplainer(dequantize(fixed), fixedValues(fixed)),
    float: () => createExplainer(float),
  };
  const { size } = inputNode(fixed);
  return {
    async explain(arithmetic, pixels, keep, { centre, scale }) {
      if (made.size === 0) await openBackend('auto');
      const explainer = made.get(arithmetic) ?? make[arithmetic]();
      made.set(arithmetic, explainer);
      const map = gradCam(explainer, pixels, { kind: keep ? 'hit' : 'miss' });
      const values = mapOverFrame(mapPart(explainer.graph, map.layer, map.size), size, map);
      return {
        layer: map.layer,
        levels: Uint8Array.from(values, (v) => Math.round(255 * v)),
        words: describeEvidence(values, size[0], size[1], centre, scale),
      };
    },
    close() {
      for (const explainer of made.values()) explainer.dispose();
    },
  };
}
