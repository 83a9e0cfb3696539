/** The stages that exchange weights while frames run. */
import type { FixedGraph } from '../../../ir/graph.js';
import { R0, W0 } from '../../dataflow/events.js';
import { eventRecorder, WRITE } from '../../dataflow/dataflow.js';
import { reloadedStages, wordsPerFrame, type Plan, type Stage } from '../../dataflow/plan.js';
import { DECIDE_WORDS, imageWords, weightLayout } from '../../hls/weight-layout.js';
import { factorsPerWord } from '../../hls/part-words.js';
import { DEPTH } from '../depths.js';
import { streamBits } from '../flow.js';
import { packedDigits } from '../sv.js';
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

/** The wire that says that the word is for `stage`. */
export const partWire = (plan: Plan, stage: Stage): string =>
  `${LOAD.we}[${reloadedStages(plan).findIndex((s) => s.name === stage.name)}]`;

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
  const stages = reloadedStages(plan);
  return {
    wires: [
      { name: LOAD.we, bits: stages.length },
      { name: LOAD.first, bits: 1 },
      { name: LOAD.data, bits: 32 },
      { name: LOAD.commit, bits: 1 },
      { name: 'load_announce', bits: 1 },
      ...stages.map((s) => ({ name: fullWire(s.name), bits: 1 })),
    ],
    instances: [
      {
        module: 'vetoc_load',
        name,
        parameters: limits(graph, plan),
        ports: {
          ...CLOCK,
          ...Object.fromEntries(
            ['tvalid', 'tready', 'tdata', 'tkeep', 'tlast'].map((p) => [`w_${p}`, `w_${p}`]),
          ),
          pending: stages.map((s) => fullWire(s.name)).join(' || '),
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
  const links = reloadedStages(context.plan).map((s) => setLink(s.name));
  const r = eventRecorder();
  for (let i = 0; i < words; i++) r.tick(R0 | W0 | (i === 0 ? WRITE(1) : 0));
  return {
    wires: [
      { name: 'sets_ok', bits: 1 },
      { name: 'sets_take', bits: 1 },
      { name: 'sets_we', bits: 1 },
      { name: 'sets_d', bits: SET_BITS },
    ],
    links: links.map((name) => ({ name, bits: SET_BITS, reason: 'frames on their way through the network' })),
    assigns: [
      ['sets_ok', links.map((l) => `${l}_ok`).join(' && ')],
      ...links.flatMap((l): [string, string][] => [
        [`${l}_take`, 'sets_take'],
        [`${l}_we`, 'sets_we'],
        [`${l}_d`, 'sets_d'],
      ]),
    ],
    instances: [
      {
        module: 'vetoc_swap',
        name: stage.name,
        parameters: { W: streamBits(from), WORDS: words },
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
