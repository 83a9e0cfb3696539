/** A plan as hardware: what every stage becomes, the links between the stages, and the model of their cycles. */
import { invariant } from '../../core/errors.js';
import type { FixedGraph } from '../../ir/graph.js';
import type { FpgaTarget } from '../../targets/target.js';
import type { Process } from '../dataflow/dataflow.js';
import { assignMultipliers } from '../dataflow/multipliers.js';
import { receiveOf, type Plan, type Stage } from '../dataflow/plan.js';
import { RESTART } from './depths.js';
import { endsOf, passes, readers, streamBits, type End } from './flow.js';
import { corrected } from './ecc.js';
import type { Hardware, StageLink } from './stages/common.js';
import { buildStage } from './stages/index.js';
import { DECISION_BITS } from '../dataflow/interface.js';
import { DECISIONS, FRAMES, PACKET_BITS, PACKETS, QUEUE, queueBits } from './stages/ends.js';
import { SENT, SENT_BITS } from './stages/features.js';

export interface RtlNetwork {
  readonly plan: Plan;
  readonly hardware: ReadonlyMap<Stage, Hardware>;
  /** The links where each stream ends. */
  readonly ends: ReadonlyMap<string, readonly End[]>;
  /** What the modules are connected by, `FRAMES` (the beats) first. */
  readonly links: readonly RtlLink[];
  readonly processes: readonly Process[];
}

export interface RtlLink extends StageLink {
  /** Stages at both ends; empty outside. */
  readonly producer: string;
  readonly consumer: string;
}

const same = (hardware: Hardware): Hardware => hardware;

/** The wires that ask for room behind `stream`. */
const roomOf = (stream: string, links: readonly End[]): { ok: string; take: string } => {
  const name = links.length === 1 ? links[0]!.link : stream;
  return { ok: `${name}_ok`, take: `${name}_take` };
};

/** `ecc`: line buffers and unfinished blocks correct single flipped bits. */
export function rtlNetwork(
  graph: FixedGraph,
  plan: Plan,
  target: FpgaTarget,
  { top, ecc }: { readonly top: string; readonly ecc: boolean },
): RtlNetwork {
  const readerOf = readers(plan);
  const multipliers = assignMultipliers(plan, target);
  const hardware = new Map<Stage, Hardware>();
  for (const stage of plan.stages)
    hardware.set(
      stage,
      (ecc ? corrected : same)(
        buildStage(stage, {
          graph,
          plan,
          top,
          multiplier: multipliers.get(stage.name),
          room: (stream) =>
            roomOf(
              stream,
              endsOf(stream, readerOf, () => 0),
            ),
        }),
      ),
    );
  const passOf = (stage: Stage): number => hardware.get(stage)!.pass!;
  const ends = new Map(plan.streams.map((s) => [s.name, endsOf(s.name, readerOf, passOf)]));
  const links = linksOf(graph, plan, hardware);
  const indexOf = new Map(links.map((l, i) => [l.name, i]));
  const index = (link: string): number => {
    const i = indexOf.get(link);
    invariant(i !== undefined, `no link ${link}`);
    return i;
  };
  const processes = [...hardware.values()].flatMap((h) =>
    (h.processes ?? []).map(({ name, inputs, outputs, events }): Process => {
      const all = outputs.flatMap(({ stream, depth, port: own }, place) =>
        (ends.get(stream) ?? [{ link: stream, after: 0 }]).map(({ link, after }) => ({
          link,
          port: own ?? place,
          depth: depth + after,
        })),
      );
      return {
        name,
        inputs: inputs.map(index),
        outputs: all.map((o) => index(o.link)),
        depths: all.map((o) => o.depth),
        // Every end of a stream is written by the events that write the stream.
        ports: all.map((o) => o.port),
        events,
        restart: RESTART,
      };
    }),
  );
  return { plan, hardware, ends, links, processes };
}

/** Links whose words are read outside. */
export const OUTSIDE: ReadonlySet<string> = new Set([DECISIONS, SENT]);

function linksOf(graph: FixedGraph, plan: Plan, hardware: ReadonlyMap<Stage, Hardware>): RtlLink[] {
  const [first, last] = [plan.stages[0]!.name, plan.stages.at(-1)!.name];
  const receiver = receiveOf(plan).name;
  const { fifoBeats } = plan.link;
  const queue: RtlLink[] =
    fifoBeats === 0
      ? []
      : [
          {
            name: QUEUE,
            bits: queueBits(plan.pixelsPerClock),
            words: fifoBeats,
            reason: 'the FIFO in front, as deep as it was asked for',
            producer: first,
            consumer: receiver,
          },
        ];
  const producer = new Map(plan.stages.flatMap((s) => s.outputs.map((o) => [o.name, s.name] as const)));
  // Maps come over a link of their stage's own.
  const ofMaps = new Set(plan.stages.flatMap((s) => (s.kind === 'receiveMaps' ? s.outputs : [])));
  const between = plan.stages
    .filter((stage) => !passes(stage))
    .flatMap((stage) => [
      ...stage.inputs
        .filter((s) => !ofMaps.has(s))
        .map((s) => ({
          name: s.name,
          bits: streamBits(s),
          producer: producer.get(s.name)!,
          consumer: stage.name,
        })),
      ...(hardware.get(stage)!.links ?? []).map((l) => ({
        ...l,
        producer: stage.name,
        consumer: stage.name,
      })),
    ]);
  return [
    { name: FRAMES, bits: 0, producer: '', consumer: first },
    ...queue,
    { name: PACKETS, bits: PACKET_BITS, producer: receiver, consumer: last },
    ...between,
    { name: DECISIONS, bits: DECISION_BITS, producer: last, consumer: '' },
    ...(graph.ends === 'features' ? [{ name: SENT, bits: SENT_BITS, producer: last, consumer: '' }] : []),
  ];
}
