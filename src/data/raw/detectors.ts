/**
 * Integrating detectors whose words vetoc takes raw: what a word is made of, what says its gain stage, which ADC values
 * measure. One record each; a new detector is a record here.
 *
 * JUNGFRAU: S. Redford et al., JINST 13 (2018) C01027; 10 does not occur in a working pixel, and the least ADC value of G2 is
 * saturated. AGIPD: A. Allahgholi et al., J. Synchrotron Rad. 26 (2019) 74: an analogue word and a word of gain for each
 * of 352 memory cells. ePix10ka: G. Blaj et al., AIP Conf. Proc. 2054 (2019) 060062: bit 14 says that a pixel switched to its
 * low gain. The greatest value of an ADC is no measurement of any of them but JUNGFRAU, whose ADC falls with charge in G1 and G2.
 */
import type { Calibrate } from '../../ir/ops/calibrate.js';

export interface GainStage {
  readonly name: string;
  /** The least and the greatest ADC value that measure. */
  readonly limits: readonly [number, number];
  /** Of its gain: −1 where the ADC falls with charge; 0 where that differs from detector to detector. */
  readonly sign: 1 | -1 | 0;
}

export interface RawDetector {
  readonly title: string;
  readonly adcBits: Calibrate['adcBits'];
  readonly select: Calibrate['select'];
  /** Of each gain stage, the most sensitive first. */
  readonly stages: readonly GainStage[];
  /** Memory cells that keep a frame each, with maps of their own. */
  readonly cells: number;
}

const BITS_14 = 2 ** 14 - 1;
const BITS_16 = 2 ** 16 - 1;

export const RAW_DETECTORS = {
  jungfrau: {
    title: 'JUNGFRAU',
    adcBits: 14,
    select: { by: 'bits', stages: [0, 1, null, 2] },
    stages: [
      { name: 'G0', limits: [0, BITS_14], sign: 1 },
      { name: 'G1', limits: [0, BITS_14], sign: -1 },
      { name: 'G2', limits: [1, BITS_14], sign: -1 },
    ],
    cells: 1,
  },
  agipd: {
    title: 'AGIPD',
    adcBits: 14,
    select: { by: 'thresholds' },
    stages: [
      { name: 'high', limits: [0, BITS_14 - 1], sign: 1 },
      { name: 'medium', limits: [0, BITS_14 - 1], sign: 1 },
      { name: 'low', limits: [0, BITS_14 - 1], sign: 1 },
    ],
    cells: 352,
  },
  epix10ka: {
    title: 'ePix10ka',
    adcBits: 14,
    select: { by: 'bits', stages: [0, 1, null, null] },
    stages: [
      { name: 'high or medium', limits: [0, BITS_14 - 1], sign: 1 },
      { name: 'low', limits: [0, BITS_14 - 1], sign: 1 },
    ],
    cells: 1,
  },
  moench: {
    title: 'MÖNCH, charge integrating with one gain stage of 14 bits',
    adcBits: 14,
    select: { by: 'bits', stages: [0, null, null, null] },
    stages: [{ name: 'G0', limits: [0, BITS_14 - 1], sign: 0 }],
    cells: 1,
  },
  integrating: {
    title: 'charge integrating with one gain stage of 16 bits (CITIUS, a CCD with its dark current)',
    adcBits: 16,
    select: { by: 'bits', stages: [0] },
    stages: [{ name: 'G0', limits: [0, BITS_16 - 1], sign: 0 }],
    cells: 1,
  },
} as const satisfies Readonly<Record<string, RawDetector>>;
export type RawDetectorName = keyof typeof RAW_DETECTORS;
export const RAW_DETECTOR_NAMES = Object.keys(RAW_DETECTORS) as readonly RawDetectorName[];

/** The detector called `name`. */
export const rawDetector = (name: RawDetectorName): RawDetector => RAW_DETECTORS[name];
