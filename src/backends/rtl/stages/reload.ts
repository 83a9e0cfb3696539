/** The stages that exchange weights while frames run. */
import type { FixedGraph } from '../../../ir/graph.js';
import { R0, W0 } from '../../dataflow/events.js';
import { eventRecorder, WRITE } from '../../dataflow/dataflow.js';
import {
  isWeighted,
  networksOf,
  reloadedStages,
  wordsPerFrame,
  type Plan,
  type Stage,
} from '../../dataflow/plan.js';
import { DECIDE_WORDS, imageWords, weightLayout } from '../../hls/weight-layout.js';
import { factorsPerWord } from '../../hls/part-words.js';
import { DEPTH } from '../depths.js';
import { streamBits } from '../flow.js';
import { concatenated, packedDigits } from '../sv.js';
import { asks, CLOCK, input, makes, output, reads, type Builder } from './common.js';

/** The wires of new weights, from `vetoc_load` to every stage. */
export const LOAD = {
  we: 'load_part_we',
  first: 'load_part_first',
  data: 'load_part_data',
  commit: 'load_commit',
} as const;

/** The link on which a stage hears with each frame which set of weights counts. */
export const setLink = (stage: string): string => `${stage}_set`;
const SET_BITS = 8;
/** Whether the other bank of a stage holds a set that no frame has asked for yet. */
export const fullWire = (stage: string): string => `${stage}_full`;

/** The stages with weights of the second network. */
const shadowStages = (plan: Plan): readonly Stage[] =>
  plan.stages.filter((s) => isWeighted(s) && s.twin !== undefined);

const isSecond = (stage: Stage): boolean => stage.twin !== undefined;

/** The wire that says that the word is for `stage`; the decision has a part of each network. */
export function partWire(plan: Plan, stage: Stage, second = isSecond(stage)): string {
  const stages = reloadedStages(plan);
  const own = stages.findIndex((s) => s.name === (stage.twin ?? stage.name));
  return `${LOAD.we}[${own + (second ? stages.length : 0)}]`;
}

/** The wire that says that the image was good for the network of `stage`. */
export const commitWire = (plan: Plan, stage: Stage, second = isSecond(stage)): string =>
  networksOf(plan) === 1 ? LOAD.commit : `${LOAD.commit}[${Number(second)}]`;

/** The name by which the threshold of the second network goes. */
export const shadowThreshold = (stage: string): string => `${stage}_second`;

/** What the loader waits for: the sets that stages of a network hold, for each network. */
const pendingOf = (plan: Plan): readonly (readonly string[])[] => {
  const first = reloadedStages(plan).map((s) => s.name);
  const decide = reloadedStages(plan).find((s) => s.kind === 'decide')!;
  const second = [...shadowStages(plan).map((s) => s.name), shadowThreshold(decide.name)];
  return plan.canary ? [first, second] : [first];
};

/** Ports that say which of two networks decides. */
export const whoDecides = (plan: Plan): Record<string, string> =>
  plan.canary
    ? { second_decides: 'mode[4]', may_take_over: 'mode[5]' }
    : { second_decides: "1'b0", may_take_over: "1'b0" };

/** Width of the bounds of a bias, signed: what `vetoc_load` compares its two words with. */
const BIAS_BITS = 56;

/** What the words of each part may be, as parameters of `vetoc_load`. */
function limits(graph: FixedGraph, plan: Plan): Record<string, string | number> {
  const layout = weightLayout(graph, plan);
  const rows = layout.parts.map((part) => {
    const node = graph.nodes.find((n) => n.id === part.node)!;
    const { width, bias } = 'weights' in node ? node.weights : { width: 1, bias: [] };
    return {
      words: part.words,
      factors: part.words - 2 * bias.length,
      unused: 2 ** 32 - 2 ** (factorsPerWord(width) * width),
      low: part.biasLow,
      high: part.biasHigh,
    };
  });
  rows.push({ words: DECIDE_WORDS, factors: DECIDE_WORDS, unused: 0, low: 0, high: 0 });
  type Column = keyof (typeof rows)[number];
  const packed = (column: Column, width: number): string =>
    `${width * rows.length}'h${packedDigits(
      rows.map((row) => row[column]),
      width,
    )}`;
  return {
    PARTS: rows.length,
    WORDS: imageWords(layout),
    DESIGN: `32'd${layout.design}`,
    PART_WORDS: packed('words', 32),
    FACTORS: packed('factors', 32),
    UNUSED: packed('unused', 32),
    LOW: packed('low', BIAS_BITS),
    HIGH: packed('high', BIAS_BITS),
  };
}

export const loadWeights: Builder<'loadWeights'> = ({ name }, { graph, plan }) => {
  const networks = networksOf(plan);
  const pending = pendingOf(plan);
  return {
    wires: [
      { name: LOAD.we, bits: networks * reloadedStages(plan).length },
      { name: LOAD.first, bits: 1 },
      { name: LOAD.data, bits: 32 },
      { name: LOAD.commit, bits: networks },
      { name: 'load_announce', bits: networks },
      ...pending.flat().map((name) => ({ name: fullWire(name), bits: 1 })),
    ],
    instances: [
      {
        module: 'vetoc_load',
        name,
        parameters: { ...(networks > 1 ? { NETWORKS: networks } : {}), ...limits(graph, plan) },
        ports: {
          ...CLOCK,
          ...whoDecides(plan),
          ...Object.fromEntries(
            ['tvalid', 'tready', 'tdata', 'tkeep', 'tlast'].map((p) => [`w_${p}`, `w_${p}`]),
          ),
          pending: concatenated(pending.map((names) => names.map(fullWire).join(' || '))),
          part_we: LOAD.we,
          part_first: LOAD.first,
          part_data: LOAD.data,
          commit: LOAD.commit,
          announce: 'load_announce',
          weights_loaded: 'weights_loaded',
          weights_refused: 'weights_refused',
          weights_status: 'weights_status',
        },
      },
    ],
  };
};

export const swapWeights: Builder<'swapWeights'> = (stage, context) => {
  const [from, to] = [input(stage), output(stage)];
  const words = wordsPerFrame(from);
  const { plan } = context;
  const networks = networksOf(plan);
  // The decision hears of all networks, every other stage of its own.
  const told = [...reloadedStages(plan), ...shadowStages(plan)].map((s) => ({
    name: setLink(s.name),
    bits: s.kind === 'decide' ? networks * SET_BITS : SET_BITS,
    low: isSecond(s) ? SET_BITS : 0,
  }));
  const links = told.map((l) => l.name);
  const r = eventRecorder();
  for (let i = 0; i < words; i++) r.tick(R0 | W0 | (i === 0 ? WRITE(1) : 0));
  return {
    wires: [
      { name: 'sets_ok', bits: 1 },
      { name: 'sets_take', bits: 1 },
      { name: 'sets_we', bits: 1 },
      { name: 'sets_d', bits: networks * SET_BITS },
    ],
    links: told.map(({ name, bits }) => ({ name, bits, reason: 'frames on their way through the network' })),
    assigns: [
      ['sets_ok', links.map((l) => `${l}_ok`).join(' && ')],
      ...told.flatMap(({ name, bits, low }): [string, string][] => [
        [`${name}_take`, 'sets_take'],
        [`${name}_we`, 'sets_we'],
        [`${name}_d`, bits === networks * SET_BITS ? 'sets_d' : `sets_d[${low}+:${bits}]`],
      ]),
    ],
    instances: [
      {
        module: 'vetoc_swap',
        name: stage.name,
        parameters: { ...(networks > 1 ? { NETWORKS: networks } : {}), W: streamBits(from), WORDS: words },
        ports: {
          ...CLOCK,
          announce: 'load_announce',
          ...reads(from.name),
          ...asks(to.name, context),
          ...makes(to.name),
          set_ok: 'sets_ok',
          set_take: 'sets_take',
          set_we: 'sets_we',
          set_d: 'sets_d',
        },
      },
    ],
    processes: [
      {
        name: stage.name,
        inputs: [from.name],
        outputs: [
          { stream: to.name, depth: DEPTH.swap },
          // All of them are told in one event.
          ...links.map((stream) => ({ stream, depth: DEPTH.swap, port: 1 })),
        ],
        events: r.finish(),
      },
    ],
  };
};
