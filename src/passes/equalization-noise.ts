/**
 * The noise that quantization leaves at the outputs of a layer, as a function of a scale for each of its input
 * channels, kept up to date while the scales change one at a time: trying one costs as much as there are outputs.
 */

/** The reader's weights by (channel, output): sum of squares and largest, over the taps. */
export interface ReaderWeights {
  readonly outputs: number;
  readonly squares: Float64Array;
  readonly largest: Float64Array;
  /** How many weights an output has for a channel. */
  readonly taps: number;
}

export interface NoiseModel {
  readonly reader: ReaderWeights;
  /** Of the activations, by channel. */
  readonly largest: Float64Array;
  readonly meanSquare: Float64Array;
  readonly activationBits: number;
  readonly weightBits: number;
}

/** The two largest of some values, and whose they are. */
interface Top {
  first: number;
  second: number;
  firstAt: number;
  secondAt: number;
}

function topOf(count: number, value: (c: number) => number): Top {
  const top = { first: 0, second: 0, firstAt: -1, secondAt: -1 };
  for (let c = 0; c < count; c++) {
    const v = value(c);
    if (v > top.first) Object.assign(top, { second: top.first, secondAt: top.firstAt, first: v, firstAt: c });
    else if (v > top.second) Object.assign(top, { second: v, secondAt: c });
  }
  return top;
}

/** The largest when channel `c` has `value` instead of its own. */
const topWith = (top: Top, c: number, value: number): number =>
  Math.max(c === top.firstAt ? top.second : top.first, value);

export interface NoiseState {
  /** Noise power at the outputs, in arbitrary units, with the scale of channel `c` at `scale`. */
  with(c: number, scale: number): number;
  /** Gives channel `c` that scale. */
  set(c: number, scale: number): void;
}

/** Rounding of activations (one step for all channels) and of weights (one step for each output) under `scales`. */
export function createNoise(model: NoiseModel, scales: Float64Array): NoiseState {
  const { reader, largest, meanSquare } = model;
  const { outputs, squares, taps } = reader;
  const channels = scales.length;
  const own = scales.slice();
  const gain = new Float64Array(outputs);
  let power = 0;
  for (let c = 0; c < channels; c++) {
    const s2 = own[c]! ** 2;
    power += meanSquare[c]! * s2 * taps;
    for (let o = 0; o < outputs; o++) gain[o]! += squares[c * outputs + o]! / s2;
  }
  const weightTop = (o: number): Top => topOf(channels, (c) => reader.largest[c * outputs + o]! / own[c]!);
  const reachTop = (): Top => topOf(channels, (c) => largest[c]! * own[c]!);
  const tops = Array.from({ length: outputs }, (_, o) => weightTop(o));
  let reach = reachTop();
  const weightUnit = 2 ** (1 - model.weightBits);
  const activationUnit = 2 ** -model.activationBits;

  return {
    with(c, scale) {
      const activationStep = (topWith(reach, c, largest[c]! * scale) * activationUnit) ** 2;
      const changed = 1 / scale ** 2 - 1 / own[c]! ** 2;
      const newPower = power + meanSquare[c]! * taps * (scale ** 2 - own[c]! ** 2);
      let total = 0;
      for (let o = 0; o < outputs; o++) {
        const at = c * outputs + o;
        const top = topWith(tops[o]!, c, reader.largest[at]! / scale);
        total += activationStep * (gain[o]! + squares[at]! * changed) + (top * weightUnit) ** 2 * newPower;
      }
      return total;
    },
    set(c, scale) {
      const changed = 1 / scale ** 2 - 1 / own[c]! ** 2;
      power += meanSquare[c]! * taps * (scale ** 2 - own[c]! ** 2);
      own[c] = scale;
      for (let o = 0; o < outputs; o++) {
        const at = c * outputs + o;
        gain[o]! += squares[at]! * changed;
        const top = tops[o]!;
        if (c === top.firstAt || c === top.secondAt || reader.largest[at]! / scale > top.second)
          tops[o] = weightTop(o);
      }
      reach = reachTop();
    },
  };
}
