/**
 * A fixed graph that starts at calibrated counts as one that starts at a detector's words: `input` becomes what a
 * `calibrate` node makes of them and of maps that come with each frame. All behind stays as it is, so that the decision on
 * words is the decision on the counts that they are calibrated to.
 */
import { invariant } from '../core/errors.js';
import type { Format } from '../fixed/format.js';
import { nodeId, type NodeId } from '../ir/common.js';
import type { FrameMaps } from '../ir/frame-maps.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { sameModules } from '../ir/modules.js';
import { COUNTS } from '../ir/ops/input.js';
import { accumulatorWidth } from '../ir/ops/common-mode.js';
import { productWidth, type Calibrate } from '../ir/ops/calibrate.js';
import type { FixedNode, FixedNodeOf } from '../ir/ops/index.js';
import { verifyFixedGraph } from '../ir/verify.js';
import { commonModeRule, MEASURED, type CommonModeWish } from '../data/raw/common-mode.js';
import type { RawDetector } from '../data/raw/detectors.js';
import type { IntegerMaps, MapFormats } from '../data/raw/integer-maps.js';

/** Names of the nodes in front; `input` keeps its own. */
export const RAW_IDS = {
  words: nodeId('words'),
  measured: nodeId('measured'),
  pedestals: nodeId('pedestals'),
  factors: nodeId('factors'),
  gains: nodeId('gain_words'),
  thresholds: nodeId('thresholds'),
} as const;

/** Nodes of `detector`'s words and maps, and the calibration under the name of `input`. */
function rawFront(
  input: FixedNodeOf<'input'>,
  { adcBits, select, stages }: RawDetector,
  { pedestal, factor }: MapFormats,
  wish: CommonModeWish | undefined,
): readonly FixedNode[] {
  const { size } = input;
  const maps = (id: FixedNodeOf<'maps'>['id'], channels: number, of: Format): FixedNodeOf<'maps'> => ({
    id,
    kind: 'maps',
    inputs: [],
    ...sameModules(input),
    size,
    channels,
    format: of,
  });
  const limits: Calibrate['limits'] = stages.map((stage) => stage.limits);
  const beside = [
    maps(RAW_IDS.pedestals, stages.length, pedestal),
    maps(RAW_IDS.factors, stages.length, factor),
    ...(select.by === 'bits'
      ? []
      : [maps(RAW_IDS.gains, 1, COUNTS), maps(RAW_IDS.thresholds, stages.length - 1, COUNTS)]),
  ];
  const calibrated = (id: NodeId, to: Format): FixedNode => ({
    id,
    kind: 'calibrate',
    inputs: [RAW_IDS.words, ...beside.map((map) => map.id)],
    ...sameModules(input),
    adcBits,
    select,
    limits,
    productWidth: productWidth({ limits }, pedestal, factor),
    format: to,
  });
  const given = [{ ...input, id: RAW_IDS.words }, ...beside];
  if (wish === undefined) return [...given, calibrated(input.id, input.format)];
  const rule = commonModeRule(wish);
  return [
    ...given,
    calibrated(RAW_IDS.measured, MEASURED),
    {
      id: input.id,
      kind: 'commonMode',
      inputs: [RAW_IDS.measured],
      ...sameModules(input),
      ...rule,
      accumulatorWidth: accumulatorWidth(rule, MEASURED),
      format: input.format,
    },
  ];
}

/**
 * `graph` on the words of `detector`, with maps of these formats, less what rows have in common where `commonMode` asks for it. Throws
 * `InvariantError` where it starts at words already.
 */
export function fromWords(
  graph: FixedGraph,
  detector: RawDetector,
  formats: MapFormats,
  commonMode?: CommonModeWish,
): FixedGraph {
  const ids = new Set<string>(Object.values(RAW_IDS));
  invariant(
    graph.nodes.every(({ id }) => !ids.has(id)),
    `${graph.name} starts at words already`,
  );
  const [, ...behind] = graph.nodes;
  return verifyFixedGraph({
    ...graph,
    nodes: [...rawFront(inputNode(graph), detector, formats, commonMode), ...behind],
  });
}

/** What a frame of words brings to a graph that `fromWords` made; `gains` are its words of gain where the detector has such. */
export function frameMaps(
  { pedestals, factors, thresholds }: Pick<IntegerMaps, 'pedestals' | 'factors' | 'thresholds'>,
  gains?: Uint16Array,
): FrameMaps {
  return new Map([
    [RAW_IDS.pedestals, pedestals],
    [RAW_IDS.factors, factors],
    ...(gains === undefined
      ? []
      : ([
          [RAW_IDS.gains, Int32Array.from(gains)],
          [RAW_IDS.thresholds, thresholds],
        ] as const)),
  ]);
}
