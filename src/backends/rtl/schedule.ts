/**
 * Depths of the links and timing of the RTL, from the cycle model under the rule of credits. Links are as deep as they
 * ever get when nothing waits for a credit; long ones stand in block RAM, which takes a cycle more.
 */
import type { Dataflow, Simulation } from '../dataflow/dataflow.js';
import { mostInFlight } from '../dataflow/occupancy.js';
import { decidedAlone, steady, type FifoReport, type Schedule } from '../dataflow/schedule.js';
import { CREDIT_BACK, FIFO_LATENCY } from './depths.js';
import { OUTSIDE, type RtlLink, type RtlNetwork } from './network.js';
import { DECISIONS, FRAMES } from './stages/ends.js';

export interface BuiltLink extends RtlLink {
  readonly depth: number;
  readonly latency: number;
}

export interface RtlSchedule extends Schedule {
  readonly links: readonly BuiltLink[];
  /** Decisions after which a flipped bit is flagged, wherever it is. */
  readonly scrubFrames: number;
}

const MIN_DEPTH = 2;
/** Longer links stand in block RAM, if they hold enough bits. */
const LUT_WORDS = 64;
const LUT_BITS = 2048;
/** Latencies and depths depend on each other; they settle after two rounds. */
const ROUNDS = 3;

export const isBlock = (depth: number, bits: number): boolean => depth > LUT_WORDS && depth * bits > LUT_BITS;

/** The network as the cycle model sees it, with the links as they are built. */
export function rtlModel(
  { processes }: RtlNetwork,
  links: readonly BuiltLink[],
): Omit<Dataflow, 'arrivals' | 'frames'> & { decisions: number } {
  return {
    rule: { kind: 'credit', back: CREDIT_BACK },
    processes,
    // Outside, a decision is taken when it is there: its link is deep enough for that and never full. So is a word that is sent.
    streams: links.map((l) => (OUTSIDE.has(l.name) ? { ...l, depth: Infinity } : l)),
    source: links.findIndex((l) => l.name === FRAMES),
    decisions: links.findIndex((l) => l.name === DECISIONS),
  };
}

const built = (link: BuiltLink, depth: number): BuiltLink => ({
  ...link,
  depth,
  latency: isBlock(depth, link.bits) ? FIFO_LATENCY.block : FIFO_LATENCY.lut,
});

type Finished = Extract<Simulation, { kind: 'finished' }>;

/** The links, as deep as `simulation` of links without bounds needs them. */
function sized(network: RtlNetwork, links: readonly BuiltLink[], simulation: Finished): BuiltLink[] {
  return links.map((link, i) => {
    if (link.name === FRAMES) return link;
    if (link.words !== undefined) return built(link, link.words);
    const writer = network.processes.find((p) => p.outputs.includes(i))!;
    const delay = writer.depths[writer.outputs.indexOf(i)]!;
    // Nobody reads the decisions in the model: outside, a word is taken when it is there.
    const reads = OUTSIDE.has(link.name)
      ? simulation.writes[i]!.map((t) => t + link.latency)
      : simulation.reads[i]!;
    const depth = Math.max(MIN_DEPTH, mostInFlight(simulation.writes[i]!, reads, delay, CREDIT_BACK));
    return built(link, depth);
  });
}

const unbounded = (links: readonly BuiltLink[]): BuiltLink[] =>
  links.map((l) => ({ ...l, depth: l.words ?? Infinity }));

/** A bit that flips just behind the reader waits for the round that has begun and a whole one. */
function scrubFrames({ hardware }: RtlNetwork, cyclesPerFrame: number): number {
  const round = Math.max(
    0,
    ...[...hardware.values()].flatMap((h) => (h.memories ?? []).map((m) => m.cycles)),
  );
  return round === 0 ? 0 : Math.ceil((2 * round) / cyclesPerFrame) + 1;
}

function reasonFor({ name, producer, consumer, reason }: BuiltLink, depth: number): string {
  if (reason !== undefined) return reason;
  if (name === DECISIONS) return 'decisions that wait to be taken';
  if (consumer === '') return 'words that wait to be taken';
  if (producer === consumer) return 'rows of windows come in bursts: the line buffer reads ahead meanwhile';
  return depth <= MIN_DEPTH ? 'reader keeps up with writer' : 'words under way in the pipelines, and bursts';
}

const unsized = ({ links }: RtlNetwork): BuiltLink[] =>
  links.map((l) => ({ ...l, depth: Infinity, latency: l.name === FRAMES ? 0 : FIFO_LATENCY.lut }));

/** Cycles from the last beat of a frame that comes alone to its decision, all links in look-up tables. */
export const rtlAlone = (network: RtlNetwork, beats: number): number =>
  decidedAlone(rtlModel(network, unbounded(unsized(network))), beats) + FIFO_LATENCY.lut;

/** The timing of `network` for frames of `beats` beats every `interval` cycles (as fast as it can, unless given). */
export function scheduleRtl(network: RtlNetwork, beats: number, interval?: number): RtlSchedule {
  const slowest = network.processes.reduce((a, b) => (b.events.cycles > a.events.cycles ? b : a));
  const spacing = Math.max(interval ?? 0, slowest.events.cycles);
  let links = unsized(network);
  for (let round = 0; round < ROUNDS; round++)
    links = sized(network, links, steady(rtlModel(network, unbounded(links)), beats, spacing).simulation);
  const model = rtlModel(network, links);
  const { frame, arrivals, simulation } = steady(model, beats, spacing);
  const shown = simulation.writes[model.decisions]![frame]! + links[model.decisions]!.latency;
  const accepted = simulation.reads[model.source]!;
  return {
    cyclesPerFrame: slowest.events.cycles,
    bottleneck: slowest.name,
    interval: spacing,
    latencyFirstPixel: shown - arrivals[frame * beats]!,
    latencyLastPixel: shown - arrivals[(frame + 1) * beats - 1]!,
    inputStall: accepted.reduce((most, t, i) => Math.max(most, t - arrivals[i]!), 0),
    processes: network.processes.map((p) => ({
      process: p.name,
      stage: p.name.split('.')[0]!,
      cycles: p.events.cycles,
    })),
    fifos: links
      .filter((l) => l.name !== FRAMES)
      .map((link): FifoReport => ({
        stream: link.name,
        producer: link.producer,
        consumer: link.consumer,
        depth: link.depth,
        wordBits: link.bits,
        highWater: link.depth,
        reason: reasonFor(link, link.depth),
      })),
    links,
    scrubFrames: scrubFrames(network, slowest.events.cycles),
  };
}
