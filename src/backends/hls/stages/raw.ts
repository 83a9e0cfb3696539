/** From a detector's words to counts: the maps that come with them, and what is made of both. */
import { NO_ACTIVATION } from '../../../ir/activations.js';
import { reciprocals, sumBounds } from '../../../ir/ops/common-mode.js';
import { bitsFor, fractionBits, maxMantissa, minMantissa } from '../../../fixed/format.js';
import { constant, typedef, intType, type Member } from '../cpp.js';
import { mapsBeatOf } from '../maps-beat.js';
import { receiveOf, wordsPerFrame } from '../../dataflow/plan.js';
import {
  code,
  input,
  ioTypes,
  lanesAndWords,
  memoryStream,
  output,
  requantizeMembers,
  valueType,
  type Renderer,
} from './common.js';

export const receiveMaps: Renderer<'receiveMaps'> = (stage, { plan }) => {
  const beat = mapsBeatOf(plan)!;
  return code(stage, {
    header: 'receive_maps',
    text: 'what comes with every frame beside its words',
    members: [
      constant('BITS', beat.bits, 'of a beat'),
      constant('BEATS', wordsPerFrame(receiveOf(plan).outputs[0]!), 'of a set, without the CRC behind it'),
      ...beat.maps.flatMap(({ stream, first }, i) => [
        valueType(`map${i}_t`, stream.format),
        constant(`LANES${i}`, stream.lanes, stream.node),
        constant(`FIRST${i}`, first, 'bit in a beat'),
      ]),
    ],
    arguments: [memoryStream(plan, stage)],
  });
};

/** A function of one index, as a table. */
const lookup = (name: string, argument: string, values: readonly number[]): Member => ({
  declaration: `static int ${name}(int ${argument}) { static const int values[${values.length}] = {${values.join(', ')}}; return values[${argument}]; }`,
});

export const calibrate: Renderer<'calibrate'> = (stage) => {
  const [words, pedestals, factors] = [input(stage), input(stage, 1), input(stage, 2)];
  const { adcBits, select, limits, productWidth, format } = stage.node;
  const fraction = fractionBits(pedestals.format);
  const most = (2 ** adcBits - 1) * 2 ** fraction - minMantissa(pedestals.format);
  const difference = bitsFor(-maxMantissa(pedestals.format), most, true);
  const exact = { width: productWidth, fraction: fraction + fractionBits(factors.format) };
  return code(stage, {
    header: 'calibrate',
    ...(select.by === 'bits' ? {} : { function: 'calibrate_by_thresholds' }),
    text: `raw words of ${adcBits} ADC bits, ${limits.length} gain stages`,
    members: [
      valueType('pedestal_t', pedestals.format),
      valueType('factor_t', factors.format),
      valueType('output_t', output(stage).format),
      constant('PIXELS', words.lanes, 'a word'),
      constant('WORDS', wordsPerFrame(words), 'words a frame'),
      constant('STAGES', limits.length, 'of gain'),
      constant('ADC_BITS', adcBits),
      constant('PEDESTAL_FRACTION', fraction, 'an ADC unit in units of a pedestal'),
      typedef('difference_t', intType(true, difference), 'holds every difference'),
      ...requantizeMembers(stage, productWidth, exact, NO_ACTIVATION, format),
      ...(select.by === 'bits'
        ? [
            lookup(
              'stage_of',
              'bits',
              select.stages.map((s) => s ?? -1),
            ),
          ]
        : []),
      lookup(
        'least',
        'stage',
        limits.map(([low]) => low),
      ),
      lookup(
        'most',
        'stage',
        limits.map(([, high]) => high),
      ),
    ],
  });
};

export const commonMode: Renderer<'commonMode'> = (stage, { windowDepth }) => {
  const { columns, limit, least, reciprocalFraction, accumulatorWidth, format } = stage.node;
  const { lanes } = input(stage);
  const { sum } = sumBounds(stage.node);
  const fraction = fractionBits(input(stage).format) + reciprocalFraction;
  return code(stage, {
    header: 'common_mode',
    text: `the mean of ${columns} pixels of a row`,
    members: [
      ...ioTypes(stage),
      ...lanesAndWords(input(stage)),
      constant('SEGMENT', columns / lanes, 'words that share a mean'),
      constant('WAITING_DEPTH', windowDepth, 'words that wait for the sum of their segment'),
      constant('LIMIT', limit, 'of a pixel that saw nothing, in units of the last place'),
      constant('RECIPROCAL_FRACTION', reciprocalFraction, 'bits behind the point of a reciprocal'),
      typedef('sum_t', intType(true, bitsFor(-sum, sum, true)), 'holds every sum of a segment'),
      typedef(
        'count_t',
        intType(false, bitsFor(0, columns, false)),
        `pixels that count, fewer than ${least} for nothing`,
      ),
      ...requantizeMembers(
        stage,
        accumulatorWidth,
        { width: accumulatorWidth, fraction },
        NO_ACTIVATION,
        format,
      ),
      lookup('reciprocal', 'pixels', reciprocals(stage.node)),
    ],
  });
};
