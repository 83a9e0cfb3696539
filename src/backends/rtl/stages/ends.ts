/** The two ends of the pipeline as hardware: packets are received, decisions are made. */
import { CAUSES, registersOf } from '../../dataflow/interface.js';
import { R0, repeat, W0 } from '../../dataflow/events.js';
import { eventRecorder, READ, WRITE } from '../../dataflow/dataflow.js';
import { headerBeats, trailerBeats } from '../../dataflow/link.js';
import { networksOf, wordsPerFrame } from '../../dataflow/plan.js';
import { DEPTH } from '../depths.js';
import { concatenated, signedLiteral } from '../sv.js';
import { canaryHardware, thresholdInstance } from './canary.js';
import { featureHardware, headWrite } from './features.js';
import { FLAWS, flawHardware } from './raw.js';
import { setLink } from './reload.js';
import { CLOCK, asks, gives, input, linkPorts, makes, output, reads, type Builder } from './common.js';

/** The link on which `receive` says what came of each packet, and its bits: see vetoc_status. */
export const PACKETS = 'packets';
export const PACKET_BITS = 64 + CAUSES.length + 3 + 32;
/** The same with all that the decision needs beside the logits: see vetoc_prescale. */
const JUDGED = 'judged';
const JUDGED_BITS = PACKET_BITS + 64 + 4 + 1 + 25 + 1;
/** The FIFO in front: see vetoc_absorb. */
export const QUEUE = 'queue';
export const queueBits = (pixels: number): number => 16 * pixels + 13;
/** The link of the beats, and that of the decisions. */
export const FRAMES = 'frames';
export const DECISIONS = 'decisions';

/** A beat at the port, and as it comes out of the FIFO in front. */
const portBeat = (ssi: boolean): Record<string, string> => ({
  data: 's_tdata',
  whole: '&s_tkeep',
  start: ssi ? 's_tuser[1]' : "1'b0",
  error: ssi ? 's_tuser[0]' : "1'b0",
  last: 's_tlast',
});
const queuedBeat = (pixels: number): Record<string, string> => {
  const bits = 16 * pixels;
  return {
    data: `${QUEUE}_q[${bits - 1}:0]`,
    whole: `${QUEUE}_q[${bits}]`,
    start: `${QUEUE}_q[${bits + 1}]`,
    error: `${QUEUE}_q[${bits + 2}]`,
    last: `${QUEUE}_q[${bits + 3}]`,
    cut: `${QUEUE}_q[${bits + 4}]`,
    lost: `${QUEUE}_q[${bits + 12}:${bits + 5}]`,
  };
};

export const absorb: Builder<'absorb'> = ({ name, link, beats }, { plan }) => ({
  instances: [
    {
      module: 'vetoc_absorb',
      name: `${name}_absorb`,
      parameters: {
        PIXELS: plan.pixelsPerClock,
        SSI: Number(link.framing === 'ssi'),
        DROP: Number(link.overflow === 'drop'),
      },
      ports: {
        ...CLOCK,
        valid: 's_tvalid',
        ready: 's_tready',
        ...portBeat(link.framing === 'ssi'),
        ...linkPorts(QUEUE),
      },
    },
  ],
  processes: [
    {
      name,
      inputs: [FRAMES],
      outputs: [{ stream: QUEUE, depth: DEPTH.absorb }],
      events: repeat(beats, R0 | W0),
    },
  ],
});

export const receive: Builder<'receive'> = (stage, context) => {
  const { link, name } = stage;
  const to = output(stage);
  const beats = wordsPerFrame(to);
  const [header, trailer] = [headerBeats(link, to.lanes), trailerBeats(link, to.lanes)];
  const length = header + beats + trailer;
  const r = eventRecorder();
  for (let i = 0; i < length; i++)
    r.tick(R0 | (i >= header && i < header + beats ? W0 : 0) | (i === length - 1 ? WRITE(1) : 0));
  const queued = link.fifoBeats > 0;
  const beat = queued
    ? { valid: `${QUEUE}_valid`, ready: `${QUEUE}_pop`, ...queuedBeat(to.lanes) }
    : {
        valid: 's_tvalid',
        ready: 's_tready',
        ...portBeat(link.framing === 'ssi'),
        cut: "1'b0",
        lost: "8'd0",
      };
  return {
    instances: [
      {
        module: 'vetoc_receive',
        name: `${name}_receive`,
        parameters: {
          PIXELS: to.lanes,
          HEADER: header,
          BEATS: beats,
          TRAILER: trailer,
          SSI: Number(link.framing === 'ssi'),
          IDLE_CYCLES: `32'd${link.idleCycles}`,
          NUMBER_STEP: `32'd${link.numberStep}`,
        },
        ports: {
          ...CLOCK,
          ...beat,
          idle_cycles: 'idle_cycles',
          number_step: 'number_step',
          ...asks(to.name, context),
          ...makes(to.name),
          ...linkPorts(PACKETS, 'packet_'),
        },
      },
    ],
    processes: [
      {
        name,
        inputs: [queued ? QUEUE : FRAMES],
        outputs: [
          { stream: to.name, depth: DEPTH.receive },
          { stream: PACKETS, depth: DEPTH.receive },
        ],
        events: r.finish(),
      },
    ],
  };
};

/** What `vetoc_counters` gives. */
const COUNTED = registersOf({ reloadable: false })
  .filter(({ access, name }) => access === 'r' && name !== 'scrub_frames')
  .map(({ name }) => name);
/** Cycles from a packet to the earliest next one: its hash, and the way of its credit. */
const PACKET_CYCLES = DEPTH.prescale + 3;

/** Ports that read a word of every link at once; those behind the first are popped with it. */
const joined = (links: readonly string[]): Record<string, string> => ({
  valid: links.map((l) => `${l}_valid`).join(' && '),
  q: concatenated(links.map((l) => `${l}_q`)),
  pop: `${links[0]!}_pop`,
});

export const decide: Builder<'decide'> = (stage, { graph, plan }) => {
  const logits = input(stage);
  const words = wordsPerFrame(logits);
  const { name } = stage;
  const networks = networksOf(plan);
  const canary = canaryHardware(stage, plan);
  const front = graph.ends === 'features' ? featureHardware(stage, graph) : null;
  const verdict = plan.stages.some((s) => s.kind === 'receiveMaps')
    ? flawHardware(name, PACKETS, JUDGED)
    : null;
  const packet = eventRecorder();
  packet.tick(R0 | W0 | (verdict === null ? 0 : READ(1)));
  packet.skip(PACKET_CYCLES - 1);
  const r = eventRecorder();
  for (let i = 0; i < words; i++)
    r.tick(
      R0 |
        (networks > 1 ? READ(3) : 0) |
        (front === null ? 0 : headWrite(i === words - 1)) |
        (i === words - 1 ? READ(1) | (graph.reloadable ? READ(2) : 0) | W0 : 0),
    );
  const hits = graph.hitClasses.map(Number).reverse().join('');
  return {
    wires: [
      { name: `${name}_packet`, bits: JUDGED_BITS },
      { name: `${name}_upsets`, bits: 32 },
      ...(graph.reloadable ? [{ name: `${name}_trained`, bits: networks * 32 }] : []),
      ...canary.wires,
      ...(verdict?.wires ?? []),
    ],
    assigns: [
      ...stage.inputs.slice(1).map((s) => [`${s.name}_pop`, `${logits.name}_pop`] as const),
      ...(front?.assigns ?? []),
    ],
    links: [
      { name: JUDGED, bits: JUDGED_BITS, words: 1, reason: 'registers count for the next decision but one' },
      ...(front?.links ?? []),
    ],
    instances: [
      ...(graph.reloadable
        ? Array.from({ length: networks }, (_, n) => thresholdInstance(stage, plan, graph.threshold, n === 1))
        : []),
      {
        module: 'vetoc_prescale',
        name: `${name}_prescale`,
        parameters: { NUMBERED: Number(plan.link.header) },
        ports: {
          ...CLOCK,
          mode: 'mode[3:0]',
          prescale: 'prescale',
          prescale_key: 'prescale_key',
          ...reads(PACKETS),
          ...(verdict === null ? {} : { valid: verdict.valid }),
          ...linkPorts(JUDGED),
        },
      },
      {
        module: 'vetoc_decide',
        name: `${name}_score`,
        parameters: {
          ...(networks > 1 ? { NETWORKS: networks } : {}),
          LW: logits.format.width,
          LSIGNED: Number(logits.format.signed),
          LANES: logits.lanes,
          WORDS: words,
          RELOADABLE: Number(graph.reloadable),
          HIT: `${graph.hitClasses.length}'b${hits}`,
          ...front?.parameters,
        },
        ports: {
          ...CLOCK,
          ...joined(stage.inputs.map((s) => s.name)),
          ...reads(JUDGED, 'packet_'),
          threshold: 'threshold',
          trained: graph.reloadable ? `${name}_trained` : signedLiteral(graph.threshold, 32),
          set_valid: graph.reloadable ? `${setLink(name)}_valid` : "1'b0",
          set_q: graph.reloadable ? `${setLink(name)}_q` : "8'd0",
          set_pop: graph.reloadable ? `${setLink(name)}_pop` : '',
          second: canary.second,
          memories: 'memories',
          ok: 'decisions_ok',
          take: 'decisions_take',
          ...gives(DECISIONS),
          weights: canary.weights,
          decided: `${name}_packet`,
          upsets: `${name}_upsets`,
          ...front?.ports,
        },
      },
      {
        module: 'vetoc_counters',
        name: `${name}_counters`,
        parameters: {},
        ports: {
          ...CLOCK,
          ...gives(DECISIONS),
          packet: `${name}_packet`,
          upsets_now: `${name}_upsets`,
          taken_over: canary.takenOver,
          ...Object.fromEntries(COUNTED.map((register) => [register, register])),
        },
      },
      ...canary.instances,
      ...(verdict?.instances ?? []),
      ...(front?.instances ?? []),
    ],
    processes: [
      {
        name: `${name}.packet`,
        inputs: verdict === null ? [PACKETS] : [PACKETS, FLAWS],
        outputs: [{ stream: JUDGED, depth: DEPTH.prescale }],
        events: packet.finish(),
      },
      {
        name,
        inputs: [
          logits.name,
          JUDGED,
          ...(graph.reloadable ? [setLink(name)] : []),
          ...stage.inputs.slice(1).map((s) => s.name),
        ],
        outputs: [{ stream: DECISIONS, depth: DEPTH.decide }, ...(front?.outputs ?? [])],
        events: r.finish(),
      },
      ...(front?.processes ?? []),
    ],
  };
};
