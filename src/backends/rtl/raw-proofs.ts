/** What is proved of a design that starts at a detector's words. */
import type { Stage, StageOf } from '../dataflow/plan.js';
import { WITHOUT, type Proof } from './proof.js';
import type { Hardware } from './stages/common.js';
import { packedLiteral, type Instance } from './sv.js';

/** Cycles from a word to what is multiplied, and to the count. */
const OPERANDS_CYCLES = 2;
const COUNT_CYCLES = 7;
/** In place of the number of a stage, where there is none. */
const NO_STAGE = 15;

/** The operands of the products in the formats of the design. */
function operandsProof({ node }: StageOf<'calibrate'>, { name, parameters }: Instance): Proof {
  const { PIXELS: _, ...own } = parameters;
  const dut = 'dut.g_pixel[0]';
  return {
    name: `operands_${name}`,
    claim: `${name} takes pedestal and factor of the gain stage that a word says, and a factor of 0 where it measures nothing, for all words and maps`,
    about: [name],
    ownSize: true,
    checker: 'operands_check',
    parameters: {
      ...own,
      ...(node.select.by === 'bits'
        ? {
            NUMBERS: packedLiteral(
              node.select.stages.map((stage) => stage ?? NO_STAGE),
              4,
            ),
          }
        : {}),
    },
    reach: { kind: 'pipeline', cycles: OPERANDS_CYCLES },
    connected: { difference: `${dut}.difference`, factor: `${dut}.factor` },
  };
}

/** The counts of small words with small maps, through product and rounding. */
function countProof({ node }: StageOf<'calibrate'>, { name }: Instance): Proof {
  const thresholds = node.select.by === 'thresholds';
  return {
    name: thresholds ? 'calibrate_thresholds' : 'calibrate_bits',
    claim: `two pixels of words of 3 ADC bits, three gain stages by ${thresholds ? 'words of gain' : 'gain bits'}, become the counts that integers say, for all words, pedestals and factors of 3 bits`,
    about: [name],
    ownSize: false,
    checker: 'calibrate_check',
    parameters: {
      ...(thresholds ? { THRESHOLDS: 1 } : { STAGE_OF: packedLiteral([1, 2, 0, 4], 3) }),
      LEAST: packedLiteral([1, 1, 2], 3),
      MOST: packedLiteral([6, 6, 5], 3),
    },
    reach: { kind: 'pipeline', cycles: COUNT_CYCLES },
    connected: WITHOUT,
  };
}

/** Sets of maps, whatever comes. */
const mapsProof = ({ name, parameters }: Instance): Proof => ({
  name: 'receive_maps',
  claim: `every set of maps gives ${parameters['BEATS']} words and one verdict and begins behind the end of another one, for every pattern of beats and ends`,
  about: [name],
  ownSize: true,
  checker: 'receive_maps_check',
  parameters: { BEATS: parameters['BEATS']! },
  reach: { kind: 'forever' },
  connected: { place: 'dut.place', filling: 'dut.filling', tail: 'dut.tail' },
});

/** Segments of few small values, through their sums, the links and the difference. */
const commonModeProof = (
  name: string,
  cycles: number,
  claim: string,
  parameters: Proof['parameters'],
  { name: stage }: StageOf<'commonMode'>,
): Proof => ({
  name,
  claim,
  about: [`${stage}_sum`, `${stage}_subtract`],
  ownSize: false,
  checker: 'common_mode_check',
  parameters,
  reach: { kind: 'bounded', cycles },
  connected: WITHOUT,
});

const commonModeProofs = (stage: StageOf<'commonMode'>): Proof[] => [
  commonModeProof(
    'common_mode_lanes',
    16,
    'two segments of two words of two values lose what their pixels within the limit have in common, for any reciprocals, at any pace',
    {},
    stage,
  ),
  commonModeProof(
    'common_mode_words',
    18,
    'two segments of three words of one value, none below zero, lose what their pixels within the limit have in common, for any reciprocals, at any pace',
    { LANES: 1, SEGMENT: 3, ISIGNED: 0, LIMIT: 2 },
    stage,
  ),
];

/** Of the stages that read maps and words; nothing of a design that starts at counts. */
export function rawProofs(hardware: ReadonlyMap<Stage, Hardware>): Proof[] {
  return [...hardware].flatMap(([stage, { instances }]) => [
    ...(stage.kind === 'commonMode' ? commonModeProofs(stage) : []),
    ...instances.flatMap((instance) => {
      if (instance.module === 'vetoc_receive_maps') return [mapsProof(instance)];
      return stage.kind === 'calibrate' && instance.module === 'vetoc_calibrate'
        ? [operandsProof(stage, instance), countProof(stage, instance)]
        : [];
    }),
  ]);
}
