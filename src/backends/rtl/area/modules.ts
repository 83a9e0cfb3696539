/** What each module of hls-templates/rtl takes, from its parameters. */
import { sum, type Resources } from '../../hls/resources.js';
import {
  adderTree,
  area,
  bits,
  blockMemory,
  counter,
  delay,
  dspProduct,
  rounding,
  tableMemory,
  treeCycles,
} from './blocks.js';

/** Parameters of an instance, as numbers; the module's own defaults where they are not given. */
type Given = (name: string, usual?: number) => number;

const requantize = (p: Given, accumulator: number): Partial<Resources> =>
  rounding({
    accumulator,
    mostShift: p('MAXSHIFT', 0),
    drop: p('DROP'),
    out: p('OW'),
    activation: p('ACTIVATION', 0),
    overflow: p('OVERFLOW', 0),
    slope: p('LW', 1),
  });

const times = (n: number, one: Partial<Resources>): Partial<Resources> =>
  sum(new Array(n).fill(one) as Partial<Resources>[]);

function link(p: Given): Resources {
  const [depth, width, block] = [p('DEPTH'), p('W'), p('RAM', 0) === 1];
  const a = bits(depth);
  const credits = bits(depth + 1);
  const control = block
    ? area(6.5 * a, credits + 3 * a + 5)
    : // The address that is read stands twice.
      area(depth < 3 ? 8 : 5.5 * a + 4, 4 * a + credits + 4);
  return sum([control, block ? blockMemory(depth, width) : tableMemory(Math.max(depth, 2), width)]);
}

function window(p: Given): Resources {
  const [w, kh, kw, groups] = [p('W'), p('KH'), p('KW'), p('GROUPS')];
  const [skipX, skipY] = [Math.min(p('LEFT'), kw - 1), Math.min(p('TOP'), kh - 1)];
  const columns = p('LEFT') - skipX + p('WIDTH') + p('RIGHT');
  const rows = p('TOP') - skipY + p('HEIGHT') + p('BOTTOM');
  const words = columns * groups;
  const lines = (kh - 1) * w;
  const [ecc, block] = [p('ECC', 0) === 1, p('BLOCK') === 1];
  const checked = lines + (ecc ? 8 * Math.ceil(lines / 64) : 0);
  const memory =
    lines === 0
      ? {}
      : words === 1
        ? area(0, lines)
        : block
          ? blockMemory(words, checked)
          : sum([tableMemory(words, checked), area(0, checked)]);
  return sum([
    area(12, 3 + w + kh * kw * w),
    // Padding that is not walked over is put in: half of it by the registers' own reset.
    area(0.5 * (skipY * w + skipX * kh * w), skipX + skipY),
    counter(groups),
    counter(columns),
    counter(rows),
    counter(Math.max(kh, p('SY')) + 1),
    counter(Math.max(kw, p('SX')) + 1),
    lines === 0 || words === 1 ? {} : sum([counter(words), area(0, bits(words))]),
    memory,
    kw > 1 && groups > 1 ? sum([tableMemory(groups, (kw - 1) * kh * w), area(0, bits(groups))]) : {},
    // A tree of XORs for each check bit at both ends, and the correction.
    ecc && lines > 0 ? area(2 * 8 * Math.ceil(lines / 64) * 7 + lines * 2, checked) : {},
  ]);
}

function matvec(p: Given): Resources {
  const [iw, ww, taps, fold, lanes, outFold] = [
    p('IW'),
    p('WW'),
    p('TAPS'),
    p('TAP_FOLD'),
    p('OUT_LANES'),
    p('OUT_FOLD'),
  ];
  const part = taps / fold / (p('DEPTHWISE', 0) === 1 ? lanes : 1);
  const xw = iw + (p('ISIGNED') === 1 ? 0 : 1);
  const [accumulator, bias] = [p('AW'), p('BW')];
  const slice = (taps / fold) * iw;
  const steps = p('GROUPS') * p('WORDS') * fold * outFold;
  const waits = 3 + treeCycles(part);
  const product =
    p('DSP') === 1
      ? // Yosys leaves the registers of factors and product outside of the block.
        { dsp: dspProduct(ww, xw), ff: 2 * (ww + xw) }
      : area(ww * xw * 0.95, 2 * (ww + xw));
  const lane = sum([
    times(part, product),
    adderTree(part, ww + xw),
    area(1.5 * accumulator, accumulator),
    outFold > 1 ? sum([tableMemory(outFold, accumulator), counter(outFold)]) : {},
    requantize(p, accumulator),
    area(0, p('SW')),
  ]);
  return sum([
    area(20, 3 * waits + 4),
    counter(steps),
    counter(outFold),
    counter(fold),
    counter(p('WORDS')),
    counter(p('GROUPS') * outFold),
    delay(bits(p('GROUPS') * outFold), 1 + treeCycles(part)),
    area(0, taps * iw),
    fold > 1 ? area(slice * (fold <= 4 ? 1 : fold <= 8 ? 2 : Math.ceil(fold / 4)), bits(fold)) : {},
    times(lanes, lane),
    area(0, p('RELOADABLE', 0) === 1 ? 2 * bias : 0),
  ]);
}

function bin(p: Given): Resources {
  const [iw, ow, pixels, out, columns] = [p('IW'), p('OW'), p('PIXELS'), p('OUT_PIXELS'), p('COLUMNS')];
  const two = p('MODE') === 2 ? 2 : 1;
  const joins = pixels - out + out * 2;
  return sum([
    area(joins * iw * 1.5 * two + 10, out * (3 * ow * two + ow) + 6),
    counter(columns),
    counter(p('SPAN')),
    counter(p('FACTOR_Y')),
    tableMemory(columns, out * ow * two),
  ]);
}

function mean(p: Given): Resources {
  const [lanes, n, iw, accumulator, reciprocal] = [p('LANES'), p('N'), p('IW'), p('AW'), p('RECIPROCAL')];
  const xw = iw + (p('ISIGNED') === 1 ? 0 : 1);
  const total = xw + treeCycles(n);
  const counted = p('COUNTED', 0) === 1;
  // A power of two is wires.
  const product =
    !counted && Number.isInteger(Math.log2(reciprocal))
      ? {}
      : { dsp: dspProduct(Math.min(total, accumulator), counted ? p('RW') + 1 : bits(reciprocal + 1) + 1) };
  return sum([
    area(1, 1 + treeCycles(n)),
    times(lanes, sum([adderTree(n, xw), area(0, 'dsp' in product ? 0 : accumulator), product])),
    counted ? area(60 + p('RW') * Math.ceil(n / 6), p('RW')) : {},
  ]);
}

function globalPool(p: Given): Resources {
  const [lanes, iw, ow, groups] = [p('LANES'), p('IW'), p('OW'), p('GROUPS')];
  return sum([
    area(10 + lanes * (p('SUM') === 1 ? 1.4 * ow : 1.8 * iw), 4 + lanes * (iw + ow) + 2 * bits(groups)),
    counter(p('PIXELS')),
    groups > 1 ? tableMemory(groups, lanes * ow) : {},
  ]);
}

/** A tree of comparisons, a register behind each; an odd one waits in a register. */
function maximum(n: number, width: number): Partial<Resources> {
  let [left, lut, ff] = [n, 0, 0];
  do {
    lut += Math.floor(left / 2) * width * 1.8;
    left = Math.ceil(left / 2);
    ff += left * width + 1;
  } while (left > 1);
  return area(lut, ff);
}

/** A pixel: its stage, the choice of pedestal and factor, a product. */
function calibrate(p: Given): Partial<Resources> {
  const [stages, adc, difference] = [p('STAGES'), p('ADC_BITS'), p('DW')];
  const [pedestal, factor] = [p('PW'), p('FW')];
  const signed = factor + (p('FSIGNED') === 1 ? 0 : 1);
  const compared = stages * adc * 0.5 + (p('THRESHOLDS', 0) === 1 ? (stages - 1) * 16 : stages);
  return sum([
    area(1, 4),
    times(
      p('PIXELS'),
      sum([
        area(compared, stages + 2 * adc),
        // A table of six inputs takes two stages, each with its bit.
        area((pedestal + factor) * Math.ceil(stages / 2), (stages + 1) * (pedestal + factor)),
        area(difference, 2 * (difference + signed)),
        { dsp: dspProduct(difference, signed) },
      ]),
    ),
  ]);
}

/** Of each value whether it counts; the sum of those that do, and its product with a reciprocal. */
function segmentSum(p: Given): Partial<Resources> {
  const [lanes, w, segment, reciprocal] = [p('LANES'), p('W'), p('SEGMENT'), p('RW') + 1];
  const value = Math.min(w + 1 - p('ISIGNED'), bits(p('LIMIT') + 1) + 1);
  const total = value + bits(segment * lanes);
  const number = bits(segment * lanes + 1);
  return sum([
    counter(segment),
    area(4 + total + number, 2 * total + number + 2 * (2 + treeCycles(lanes)) + 6),
    times(lanes, area(w + value / 2, w + value + 1)),
    adderTree(lanes, value),
    adderTree(lanes, 1),
    { dsp: dspProduct(total, reciprocal), ff: 2 * (total + reciprocal) },
  ]);
}

/** A difference a value; 0 stays. */
const commonMode = (p: Given): Partial<Resources> =>
  sum([
    counter(p('SEGMENT')),
    area(3, 3 + p('HW')),
    times(p('LANES'), area(p('AW') + p('W') / 5, p('W') + p('AW'))),
  ]);

type Estimator = (p: Given) => Partial<Resources>;
/** A CRC-32 takes a parity of half of `bits` and state for each of its bits. */
const crc = (bits: number): number => 32 * Math.ceil((bits + 32) / 2 / 5);

/** Total: a module that a stage is made of and that does not stand here is an error. */
export const MODULES: Readonly<Record<string, Estimator>> = {
  vetoc_link: link,
  vetoc_window: window,
  vetoc_matvec: matvec,
  vetoc_bin: bin,
  vetoc_mean: mean,
  vetoc_global: globalPool,
  vetoc_delay: (p) => area(0, p('N')),
  vetoc_requantize_lanes: (p) =>
    sum([
      area(0, 3),
      times(p('LANES'), requantize(p, p('IW') + (p('ISIGNED', 1) === 1 ? 0 : 1))),
      p('GROUPS', 1) > 1 ? sum([counter(p('GROUPS')), area(p('LANES') * p('LW', 1), 0)]) : {},
    ]),
  vetoc_max: (p) => maximum(p('N'), p('LANES') * p('W')),
  vetoc_clamp: (p) => area(p('LANES') * p('IW') * 0.6, 1 + p('LANES') * p('OW')),
  vetoc_index: (p) => area(p('LANES') * 2, 1 + p('LANES') * bits(p('ENTRIES'))),
  vetoc_mask: (p) => sum([area(40, 40 + 2 * p('PIXELS') * p('W')), counter(p('WORDS'))]),
  vetoc_crop: (p) =>
    sum([area(20, 1 + 2 * p('PIXELS') * p('W')), counter(p('STEPS') + 1), counter(p('IN_HEIGHT') + 1)]),
  vetoc_contrast: (p) => area(10 * p('LANES') * p('W') * 1.5, 4 + 11 * p('LANES') * p('W')),
  vetoc_add: (p) => area(4 + p('LANES') * p('AW'), 1 + p('LANES') * p('AW')),
  vetoc_multiply: (p) =>
    sum([
      area(12, 4 + p('LANES') * (p('A_WIDTH') + p('B_WIDTH'))),
      counter(p('PIXELS')),
      p('GROUPS') > 1
        ? tableMemory(p('GROUPS'), p('LANES') * p('B_WIDTH'))
        : area(0, p('LANES') * p('B_WIDTH')),
      { dsp: p('LANES') * dspProduct(p('A_WIDTH') + 1, p('B_WIDTH') + 1) },
    ]),
  vetoc_upsample: (p) => {
    const words = p('WIDTH') * p('GROUPS');
    const memory =
      words * p('W') <= 1024 || words <= 64 ? tableMemory(words, p('W')) : blockMemory(words, p('W'));
    return sum([
      area(p('W') + 12, 4 + 3 * p('W') + bits(words)),
      ...['GROUPS', 'WIDTH', 'FX', 'FY'].map((name) => counter(p(name))),
      memory,
    ]);
  },
  vetoc_concat: (p) => sum([area(8 + p('W'), 1 + p('W')), counter(p('A_WORDS') + p('B_WORDS'))]),
  vetoc_concat_wide: (p) => area(2, 1 + p('A_WIDTH') + p('B_WIDTH')),
  vetoc_narrow: (p) =>
    sum([area(6 + p('W') * p('RATIO'), 2 + p('W') * (p('RATIO') + 1)), counter(p('OUT_WORDS'))]),
  vetoc_widen: (p) => sum([area(6 + p('W'), 2 + 2 * p('W') * p('RATIO')), counter(p('IN_WORDS'))]),
  vetoc_gearbox: (p) =>
    sum([
      area((p('IN_LANES') + p('OUT_LANES')) * p('W') * 3, (p('IN_LANES') + 2 * p('OUT_LANES')) * p('W') + 8),
      counter(p('IN_WORDS') + 1),
      counter(p('OUT_WORDS') + 1),
    ]),
  vetoc_absorb: (p) => area(50, 40 + 16 * p('PIXELS')),
  vetoc_receive: (p) =>
    area(
      257 + (p('TRAILER') > 0 ? crc(16 * p('PIXELS')) : 0),
      372 + 16 * p('PIXELS') + (p('TRAILER') > 0 ? 64 : 0),
    ),
  // Of a word as wide as maps are, Yosys makes eight tables a bit of the CRC (7.3 at 112 bits, 8.1 at 864): it does not share them.
  vetoc_receive_maps: (p) => sum([area(30 + 8 * p('BITS'), p('BITS') + 72), counter(p('BEATS') + 1)]),
  vetoc_maps_flaw: () => area(3, 2),
  vetoc_calibrate: calibrate,
  vetoc_segment_sum: segmentSum,
  vetoc_common_mode: commonMode,
  vetoc_threshold: () => area(8, 40),
  // Four words of the hash go through one multiplier of 32 bits, which takes four blocks.
  vetoc_prescale: () => ({ lut: 440, ff: 344, dsp: 4 }),
  vetoc_decide: (p) =>
    area(
      150 + p('NETWORKS', 1) * (p('LANES') + 1) * p('LW') * 2,
      560 + p('NETWORKS', 1) * (p('LANES') + 3) * p('LW'),
    ),
  vetoc_counters: () => area(515, 1125),
  vetoc_send: (p) => area(70 + 4 * p('LANES') + crc(16), 145),
  vetoc_canary: () => area(350, 450),
  vetoc_load: () => area(450, 350),
  vetoc_swap: (p) => area(20, 20 + p('W', 0)),
  vetoc_banks: () => area(10, 10),
  vetoc_part: (p) => area(60, 60 + p('WIDTH', 32)),
};
