/**
 * The end of a front end as hardware: the features of each frame are kept until it is known what was wrong with it, then sent as
 * a packet (`module-packet.ts`). Nothing is decided: `vetoc_decide` counts and answers with logits and limit of 0.
 */
import { invariant } from '../../../core/errors.js';
import type { FixedGraph } from '../../../ir/graph.js';
import { eventRecorder, READ, WRITE } from '../../dataflow/dataflow.js';
import { R0, W0 } from '../../dataflow/events.js';
import { fieldWords, packetBytes } from '../../dataflow/module-packet.js';
import { wordsPerFrame, type StageOf } from '../../dataflow/plan.js';
import { DEPTH } from '../depths.js';
import type { Instance } from '../sv.js';
import { CLOCK, input, linkPorts, reads, type Hardware, type RtlProcess } from './common.js';

/** The link of the packets to the outside, and its bits: see vetoc_send. */
export const SENT = 'sent_features';
export const SENT_BITS = 16 + 2;
/** What is known of a frame: see vetoc_send. */
const HEAD_BITS = 64 + 9 + 1;

/** Where a front end's packets leave, and where it is told which module it is. */
export const FEATURE_PORTS: readonly string[] = [
  '    input  wire logic [15:0] module_number,',
  '    output logic f_tvalid,',
  '    output logic [15:0] f_tdata,',
  '    output logic [1:0] f_tuser,',
  '    output logic f_tlast,',
  '    input  wire logic f_tready,',
];
/** How they do. */
export const FEATURE_LINES: readonly string[] = [
  `  assign f_tvalid = ${SENT}_valid;`,
  `  assign f_tdata = ${SENT}_q[15:0];`,
  `  assign f_tuser = {${SENT}_q[16], 1'b0};`,
  `  assign f_tlast = ${SENT}_q[17];`,
  `  assign ${SENT}_pop = ${SENT}_valid && f_tready;`,
];

/** Words of a front end's packets; 0 where the network decides. */
export const packetWords = ({ ends, classNames }: FixedGraph): number =>
  ends === 'features' ? packetBytes(classNames.length) / 2 : 0;

export interface FeatureHardware extends Required<
  Pick<Hardware, 'assigns' | 'links' | 'instances' | 'processes'>
> {
  /** Parameters and ports of `vetoc_decide` that differ from those of a decision: its logits are zeros. */
  readonly parameters: Instance['parameters'];
  readonly ports: Instance['ports'];
  /** Links that its events write to, beside the decisions: the last one of a frame, and every one. */
  readonly outputs: RtlProcess['outputs'];
}

/** Bits of an event of the process `decide`: its second output with the last word of a frame, its third with every one. */
export const headWrite = (last: boolean): number => (last ? WRITE(1) : 0) | WRITE(2);

export function featureHardware(stage: StageOf<'decide'>, graph: FixedGraph): FeatureHardware {
  const features = input(stage);
  const words = wordsPerFrame(features);
  const count = graph.classNames.length;
  invariant(features.format.width === 16 && !features.format.signed, 'features are words of 16 bits');
  invariant(words * features.lanes === count, 'features fill their words');
  const { name } = stage;
  const [kept, heads] = [`${name}_kept`, `${name}_heads`];
  const header = fieldWords('number', count) + fieldWords('module', count) + fieldWords('state', count);
  const r = eventRecorder();
  for (let i = 0; i < packetWords(graph); i++) {
    const feature = i - header;
    const taken = feature >= 0 && feature < count && feature % features.lanes === features.lanes - 1;
    r.tick((i === 0 ? R0 : 0) | (taken ? READ(1) : 0) | W0);
  }
  return {
    parameters: { LANES: 1, HIT: `${words}'d0` },
    ports: {
      valid: `${features.name}_valid && ${kept}_ok`,
      q: `${features.format.width}'d0`,
      threshold: "32'sd0",
      ok: `decisions_ok && ${heads}_ok`,
    },
    outputs: [
      { stream: heads, depth: DEPTH.decide },
      { stream: kept, depth: 0 },
    ],
    assigns: [
      [`${kept}_take`, `${features.name}_pop`],
      [`${kept}_we`, `${features.name}_pop`],
      [`${kept}_d`, `${features.name}_q`],
      [`${heads}_take`, 'decisions_take'],
      [`${heads}_we`, 'decisions_we'],
      // Whether there were pixels, what was wrong, the number.
      [`${heads}_d`, `{${name}_packet[74], decisions_d[101], decisions_d[119:112], decisions_d[63:0]}`],
    ],
    links: [
      {
        name: kept,
        bits: features.lanes * features.format.width,
        reason: 'features wait until it is known what was wrong with their frame',
      },
      { name: heads, bits: HEAD_BITS, reason: 'what is known of frames whose features are sent' },
    ],
    instances: [
      {
        module: 'vetoc_send',
        name: `${name}_send`,
        parameters: { LANES: features.lanes, WORDS: words },
        ports: {
          ...CLOCK,
          module_number: 'module_number',
          ...reads(heads, 'packet_'),
          ...reads(kept),
          ...linkPorts(SENT),
        },
      },
    ],
    processes: [
      {
        name: `${name}.send`,
        inputs: [heads, kept],
        outputs: [{ stream: SENT, depth: DEPTH.send }],
        events: r.finish(),
      },
    ],
  };
}
