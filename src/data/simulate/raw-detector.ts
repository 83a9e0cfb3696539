/**
 * An integrating detector for simulated photons: words with pedestals, gains and noise of each pixel, gain switching and a
 * pedestal that drifts, and the truth of all of it.
 *
 * A pixel takes the most sensitive stage whose ADC holds its charge; its word is round(pedestal + drift + photons · gain · keV + noise),
 * within the ADC. Figures are those of the detectors' descriptions (JUNGFRAU: S. Redford et al., JINST 13 (2018) C01027; AGIPD: A.
 * Allahgholi et al., J. Synchrotron Rad. 26 (2019) 74; ePix10ka: G. Blaj et al., AIP Conf. Proc. 2054 (2019) 060062), rounded;
 * spreads of pixels are typical, not those of one module.
 */
import { createRandom, type Random } from '../../core/random.js';
import { rawDetector, type RawDetector } from '../raw/detectors.js';

interface StageModel {
  /** ADU, and the standard deviation of the pixels. */
  readonly pedestal: readonly [mean: number, spread: number];
  /** ADU a keV; pixels spread by `GAIN_SPREAD` of it. */
  readonly gain: number;
  /** ADU, of one frame. */
  readonly noise: number;
  /** ADU that the charge may move the ADC before the pixel switches. */
  readonly room: number;
}

interface RawModel {
  readonly stages: readonly StageModel[];
  /** ADU by which the pedestals of the first stage move over a series. */
  readonly drift: number;
  /** Words of gain of each stage, and their standard deviation. */
  readonly gainWords: readonly number[];
  readonly gainWordNoise: number;
}

const GAIN_SPREAD = 0.03;

const MODELS = {
  jungfrau: {
    stages: [
      { pedestal: [2500, 250], gain: 41, noise: 24, room: 11500 },
      { pedestal: [14800, 250], gain: -1.44, noise: 7, room: 12500 },
      { pedestal: [14700, 250], gain: -0.106, noise: 7, room: Infinity },
    ],
    drift: 8,
    gainWords: [],
    gainWordNoise: 0,
  },
  agipd: {
    stages: [
      { pedestal: [4500, 300], gain: 7.7, noise: 14, room: 7000 },
      { pedestal: [4800, 300], gain: 0.22, noise: 14, room: 7000 },
      { pedestal: [5000, 300], gain: 0.052, noise: 14, room: Infinity },
    ],
    drift: 5,
    gainWords: [5500, 7300, 8600],
    gainWordNoise: 90,
  },
  epix10ka: {
    stages: [
      { pedestal: [3000, 200], gain: 16.4, noise: 14, room: 10500 },
      { pedestal: [3000, 200], gain: 0.164, noise: 8, room: Infinity },
    ],
    drift: 6,
    gainWords: [],
    gainWordNoise: 0,
  },
} as const satisfies Readonly<Record<string, RawModel>>;
export type SimulatedRaw = keyof typeof MODELS;
export const SIMULATED_RAW = Object.keys(MODELS) as readonly SimulatedRaw[];

/** Memory cells that frames come from, one after the other, unless somebody says how many. */
const USUAL_CELLS = 4;

export interface RawWords {
  readonly words: Uint16Array;
  /** Words of gain, where the detector has such. */
  readonly gains: Uint16Array | null;
  /** The memory cell. */
  readonly cell: number;
}

export interface SimulatedRawDetector {
  readonly name: SimulatedRaw;
  readonly detector: RawDetector;
  readonly cells: number;
  /** ADU a keV, a map a stage. */
  readonly gains: readonly Float64Array[];
  /** ADU, a map a stage, of a memory cell; without drift. */
  pedestals(cell: number): readonly Float32Array[];
  /** What a word of gain has to be above, by stage. */
  readonly thresholds: readonly number[];
  /** Words of `photons` in frame `index` of `count`, in the middle of which there is no drift. */
  expose(photons: Uint16Array, index: number, count: number): RawWords;
  /** Words without light of frame `index`, forced into `stage`. */
  dark(stage: number, index: number): RawWords;
}

function mapsOf(
  model: RawModel,
  pixels: number,
  random: Random,
): { readonly pedestals: Float32Array[]; readonly gains: Float64Array[] } {
  return {
    pedestals: model.stages.map(({ pedestal: [mean, spread] }, stage) => {
      const own = random.fork(`pedestal ${stage}`);
      return Float32Array.from({ length: pixels }, () => mean + spread * own.normal());
    }),
    gains: model.stages.map(({ gain }, stage) => {
      const own = random.fork(`gain ${stage}`);
      return Float64Array.from({ length: pixels }, () => gain * (1 + GAIN_SPREAD * own.normal()));
    }),
  };
}

/**
 * The detector `name` of `pixels` pixels for photons of `keV`, with `wanted` memory cells where it has such; the same seed gives the
 * same detector and words, and a cell has the same maps however many there are.
 */
export function simulatedRawDetector(
  name: SimulatedRaw,
  pixels: number,
  keV: number,
  seed: number,
  wanted = USUAL_CELLS,
): SimulatedRawDetector {
  const model: RawModel = MODELS[name];
  const detector = rawDetector(name);
  const root = createRandom(seed).fork(`raw ${name}`);
  const { pedestals, gains } = mapsOf(model, pixels, root);
  const hasCells = detector.cells > 1;
  const cells = hasCells ? wanted : 1;
  const offsets = Array.from({ length: cells }, (_, cell) =>
    model.stages.map(({ pedestal: [, spread] }, stage) =>
      hasCells ? spread * root.fork(`cell ${cell} ${stage}`).normal() : 0,
    ),
  );
  const codes = model.stages.map((_, stage) =>
    detector.select.by === 'bits' ? detector.select.stages.findIndex((known) => known === stage) : 0,
  );
  const most = 2 ** detector.adcBits - 1;

  function word(
    i: number,
    stage: number,
    charge: number,
    drift: number,
    cell: number,
    random: Random,
  ): number {
    const { noise } = model.stages[stage]!;
    const value = pedestals[stage]![i]! + offsets[cell]![stage]! + charge + drift + noise * random.normal();
    return codes[stage]! * 2 ** detector.adcBits + Math.min(Math.max(Math.round(value), 0), most);
  }

  function make(
    random: Random,
    cell: number,
    drift: number,
    stageAndCharge: (i: number) => readonly [number, number],
  ): RawWords {
    const words = new Uint16Array(pixels);
    const isByWords = model.gainWords.length > 0;
    const gainWords = new Uint16Array(isByWords ? pixels : 0);
    for (let i = 0; i < pixels; i++) {
      const [stage, charge] = stageAndCharge(i);
      words[i] = word(i, stage, charge, stage === 0 ? drift : 0, cell, random);
      if (isByWords)
        gainWords[i] = Math.max(
          0,
          Math.round(model.gainWords[stage]! + model.gainWordNoise * random.normal()),
        );
    }
    return { words, gains: isByWords ? gainWords : null, cell };
  }

  return {
    name,
    detector,
    cells,
    gains,
    pedestals: (cell) => pedestals.map((map, stage) => map.map((value) => value + offsets[cell]![stage]!)),
    thresholds: model.gainWords.slice(1).map((value, i) => (value + model.gainWords[i]!) / 2),
    expose(photons, index, count) {
      const drift = model.drift * ((index + 0.5) / count - 0.5);
      return make(root.fork(`frame ${index}`), index % cells, drift, (i) => {
        const energy = photons[i]! * keV;
        let stage = 0;
        while (Math.abs(energy * gains[stage]![i]!) > model.stages[stage]!.room) stage += 1;
        return [stage, energy * gains[stage]![i]!];
      });
    },
    dark: (stage, index) => make(root.fork(`dark ${stage} ${index}`), index % cells, 0, () => [stage, 0]),
  };
}
