/** From a detector's words to counts as hardware: the maps that come with them, and what is made of both. */
import { bitsFor, fractionBits, maxMantissa, minMantissa } from '../../../fixed/format.js';
import { NO_ACTIVATION } from '../../../ir/activations.js';
import { eventRecorder, READ, WRITE } from '../../dataflow/dataflow.js';
import { R0, repeat, W0 } from '../../dataflow/events.js';
import { receiveOf, wordsPerFrame, type StageOf } from '../../dataflow/plan.js';
import { mapsBeatOf } from '../../hls/maps-beat.js';
import { DEPTH, requantizePass } from '../depths.js';
import { streamBits } from '../flow.js';
import { concatenated, packedLiteral } from '../sv.js';
import {
  CLOCK,
  asks,
  gives,
  linkPorts,
  output,
  reads,
  requantizeParameters,
  roundLanes,
  wordWires,
  type Builder,
  type Hardware,
} from './common.js';

/** The link on which `receiveMaps` says of each set whether it had a flaw. */
export const FLAWS = 'flaws';
/** The wire that says it of the frame that is decided. */
const FLAW = 'maps_wrong';

/** The link of the words of all maps: they come and go together. */
const MAPS = 'maps_words';
/** Of them so many are read ahead: as many as look-up tables hold for the price of a few. */
const MAPS_AHEAD = 32;

export const receiveMaps: Builder<'receiveMaps'> = (stage, { plan }) => {
  const { name } = stage;
  const beat = mapsBeatOf(plan)!;
  const words = wordsPerFrame(receiveOf(plan).outputs[0]!);
  const bits = beat.maps.reduce((sum, { stream }) => sum + streamBits(stream), 0);
  const r = eventRecorder();
  for (let i = 0; i < words; i++) r.tick(W0);
  r.tick(WRITE(1));
  return {
    wires: wordWires(name, bits),
    links: [
      { name: MAPS, bits, words: MAPS_AHEAD, reason: 'read ahead, so that their memory may pause' },
      { name: FLAWS, bits: 1, reason: 'sets whose frames are on their way through the network' },
    ],
    assigns: [
      ...beat.maps.flatMap(({ stream, first }): [string, string][] => [
        [`${stream.name}_we`, `${name}_we`],
        [`${stream.name}_made`, `${name}_d[${first}+:${streamBits(stream)}]`],
      ]),
      [`${MAPS}_we`, beat.maps.map(({ stream }) => `${stream.name}_we`).join(' && ')],
      [`${MAPS}_d`, concatenated(beat.maps.map(({ stream }) => `${stream.name}_d`))],
    ],
    instances: [
      {
        module: 'vetoc_receive_maps',
        name: `${name}_receive`,
        parameters: { BITS: beat.bits, D: bits, BEATS: words },
        ports: {
          ...CLOCK,
          valid: 'maps_tvalid',
          ready: 'maps_tready',
          data: 'maps_tdata',
          last: 'maps_tlast',
          ok: `${MAPS}_ok`,
          take: `${MAPS}_take`,
          ...gives(name),
          ...linkPorts(FLAWS, 'flaw_'),
        },
      },
    ],
    // No memory of the design; what came of another one is said in its bit of `upsets`.
    memories: [{ name, width: bits, depth: words, copies: 1, wrong: FLAW, cycles: 0 }],
    processes: [
      {
        name,
        inputs: [],
        outputs: [
          { stream: MAPS, depth: DEPTH.receiveMaps },
          { stream: FLAWS, depth: DEPTH.mapsFlaw },
        ],
        events: r.finish(),
      },
    ],
  };
};

/** A bit of a packet's status: it brought no pixels. */
const EMPTY = 74;

/** Reads the verdict on the maps of a packet with its status from `packets`; `judged` goes on to the decision of `stage`. */
export const flawHardware = (
  stage: string,
  packets: string,
  judged: string,
): Pick<Required<Hardware>, 'wires' | 'instances'> & { readonly valid: string } => {
  const valid = `${stage}_whole`;
  return {
    valid,
    wires: [
      { name: valid, bits: 1 },
      { name: FLAW, bits: 1 },
    ],
    instances: [
      {
        module: 'vetoc_maps_flaw',
        name: `${stage}_maps`,
        parameters: {},
        ports: {
          ...CLOCK,
          packet_valid: `${packets}_valid`,
          empty: `${packets}_q[${EMPTY}]`,
          flaw_valid: `${FLAWS}_valid`,
          flaw_q: `${FLAWS}_q`,
          flaw_pop: `${FLAWS}_pop`,
          valid,
          pop: `${packets}_pop`,
          decides: `${judged}_pop`,
          wrong: FLAW,
        },
      },
    ],
  };
};

/** What says the gain stage of a word, as parameters of `vetoc_gain_stage`. */
function stageParameters({
  adcBits,
  select,
  limits,
}: StageOf<'calibrate'>['node']): Record<string, string | number> {
  const oneHot = (stage: number | null): number => (stage === null ? 0 : 2 ** stage);
  return {
    ADC_BITS: adcBits,
    STAGES: limits.length,
    ...(select.by === 'thresholds'
      ? { THRESHOLDS: 1 }
      : { STAGE_OF: packedLiteral(select.stages.map(oneHot), limits.length) }),
    LEAST: packedLiteral(
      limits.map(([low]) => low),
      adcBits,
    ),
    MOST: packedLiteral(
      limits.map(([, high]) => high),
      adcBits,
    ),
  };
}

export const calibrate: Builder<'calibrate'> = (stage, context) => {
  const { name, node } = stage;
  const [words, pedestals, factors] = stage.inputs;
  const beat = mapsBeatOf(context.plan)!;
  // Maps of a word as they come over their link, in the order of the inputs.
  const mapAt = (i: number): string => {
    const map = beat.maps[i];
    return map === undefined ? "'0" : `${MAPS}_q[${map.first}+:${streamBits(map.stream)}]`;
  };
  const to = output(stage);
  const fraction = fractionBits(pedestals!.format);
  const most = (2 ** node.adcBits - 1) * 2 ** fraction - minMantissa(pedestals!.format);
  const product = `${name}_product`;
  return {
    wires: wordWires(product, to.lanes * node.productWidth),
    // A word and its maps are read together.
    assigns: [[`${MAPS}_pop`, `${words!.name}_pop`]],
    instances: [
      {
        module: 'vetoc_calibrate',
        name: `${name}_calibrate`,
        parameters: {
          PIXELS: words!.lanes,
          ...stageParameters(node),
          PW: pedestals!.format.width,
          PSIGNED: Number(pedestals!.format.signed),
          FRACTION: fraction,
          FW: factors!.format.width,
          FSIGNED: Number(factors!.format.signed),
          DW: bitsFor(-maxMantissa(pedestals!.format), most, true),
          AW: node.productWidth,
        },
        ports: {
          ...CLOCK,
          ...reads(words!.name),
          valid: `${words!.name}_valid && ${MAPS}_valid`,
          pedestals: mapAt(0),
          factors: mapAt(1),
          gains: mapAt(2),
          thresholds: mapAt(3),
          ...asks(to.name, context),
          ...gives(product),
        },
      },
      roundLanes(
        name,
        { lanes: to.lanes, width: node.productWidth, from: product, to: to.name },
        requantizeParameters(fraction + fractionBits(factors!.format), NO_ACTIVATION, node.format),
      ),
    ],
    processes: [
      {
        name,
        inputs: [words!.name, MAPS],
        outputs: [{ stream: to.name, depth: DEPTH.calibrate + requantizePass(NO_ACTIVATION) }],
        events: repeat(wordsPerFrame(words!), R0 | READ(1) | W0),
      },
    ],
  };
};
