/**
 * Graph to dataflow: every node becomes a stage, every tensor with several readers a chain of forks, every change of
 * word width a repack. The widths of words come from lanes.ts.
 */
import { invariant } from '../../core/errors.js';
import type { NodeId, Shape } from '../../ir/common.js';
import { mapsNodes } from '../../ir/frame-maps.js';
import { consumers, fixedShapes, type FixedGraph } from '../../ir/graph.js';
import type { FixedNode, FixedNodeOf } from '../../ir/ops/index.js';
import { lanesOf, type Lanes, type LowerOptions } from './lanes.js';
import { packetBeats } from './link.js';
import { createNames } from './names.js';
import { twoNetworks } from './second-network.js';
import {
  wordsPerFrame,
  type Folding,
  type NodeStage,
  type NodeStageKind,
  type Plan,
  type Stage,
  type Stream,
} from './plan.js';

interface Builder {
  readonly stages: Stage[];
  readonly streams: Stream[];
  readonly name: (wanted: string) => string;
}

function addStream(b: Builder, source: Omit<Stream, 'name'>, wanted: string): Stream {
  const stream: Stream = { ...source, name: b.name(wanted) };
  b.streams.push(stream);
  return stream;
}

/** `stream` in words of `lanes`. */
function repacked(b: Builder, stream: Stream, lanes: number): Stream {
  if (stream.lanes === lanes) return stream;
  const output = addStream(b, { ...stream, lanes }, `${stream.name}_by_${lanes}`);
  b.stages.push({
    kind: 'repack',
    name: b.name(`repack_${output.name}`),
    inputs: [stream],
    outputs: [output],
  });
  return output;
}

/** The stages that exchange weights, behind `stream`: the same pixels, and the news which weights are theirs. */
function swapping(b: Builder, stream: Stream): Stream {
  b.stages.push({ kind: 'loadWeights', name: b.name('load_weights'), inputs: [], outputs: [] });
  const output = addStream(b, stream, `${stream.node}_swapped`);
  b.stages.push({
    kind: 'swapWeights',
    name: b.name('swap_weights'),
    inputs: [stream],
    outputs: [output],
  });
  return output;
}

/** One stream for each of `readers`. */
function forked(b: Builder, stream: Stream, readers: readonly string[]): Stream[] {
  const result: Stream[] = [];
  let rest = stream;
  readers.forEach((reader, i) => {
    if (i === readers.length - 1) {
      result.push(rest);
      return;
    }
    const own = addStream(b, stream, `${stream.node}_to_${reader}`);
    const others = addStream(
      b,
      stream,
      i === readers.length - 2 ? `${stream.node}_to_${readers[i + 1]!}` : `${stream.node}_rest`,
    );
    b.stages.push({ kind: 'fork', name: b.name(`fork_${own.name}`), inputs: [rest], outputs: [own, others] });
    result.push(own);
    rest = others;
  });
  return result;
}

/** Concatenates more than two inputs two at a time; the last one is the node's own stage. */
function concatChain(b: Builder, node: FixedNodeOf<'concat'>, inputs: readonly Stream[], lanes: Lanes): void {
  const wide = lanes.output === inputs.reduce((sum, s) => sum + s.shape[2], 0);
  let left = inputs[0]!;
  inputs.slice(1).forEach((right, i) => {
    const shape: Shape = [left.shape[0], left.shape[1], left.shape[2] + right.shape[2]];
    const last = i === inputs.length - 2;
    const outLanes = wide ? shape[2] : lanes.output;
    const output = addStream(
      b,
      { node: node.id, format: node.format, shape, lanes: outLanes },
      last ? `${node.id}_out` : `${node.id}_part`,
    );
    const folding: Folding = { inLanes: left.lanes, outLanes, tapFold: 1 };
    b.stages.push({
      kind: 'concat',
      name: b.name(last ? node.id : `${node.id}_part`),
      node,
      folding,
      inputs: [left, right],
      outputs: [output],
    });
    left = output;
  });
}

/** The dataflow of `graph`. */
export function lowerGraph(network: FixedGraph, options: LowerOptions): Plan {
  const two = options.canary === true ? twoNetworks(network) : undefined;
  const graph = two === undefined ? network : { ...network, nodes: two.nodes };
  const outputs = two === undefined ? [graph.output] : [graph.output, two.output];
  /** The stage of each node of the first network. */
  const stageNames = new Map<NodeId, string>();
  const shapes = fixedShapes(graph);
  const b: Builder = { stages: [], streams: [], name: createNames() };
  const visible = new Map<NodeId, Stream>();
  /** Streams not read yet, by node and reader. */
  const pending = new Map<string, Stream>();
  const offer = (node: FixedNode, stream: Stream): void => {
    if (two?.originals.has(node.id) !== true) visible.set(node.id, stream);
    const readers = [
      ...consumers(graph, node.id).flatMap((n) =>
        n.inputs.filter((i) => i === node.id).map(() => n.id as string),
      ),
    ];
    if (outputs.includes(node.id)) readers.push('decide');
    invariant(readers.length > 0, `${node.id}: nothing reads it`);
    const count = new Map<string, number>();
    forked(b, stream, readers).forEach((s, i) => {
      const reader = readers[i]!;
      const nth = count.get(reader) ?? 0;
      count.set(reader, nth + 1);
      pending.set(`${node.id}>${reader}#${nth}`, s);
    });
  };
  const take = (node: FixedNode): Stream[] => {
    const count = new Map<NodeId, number>();
    return node.inputs.map((id) => {
      const nth = count.get(id) ?? 0;
      count.set(id, nth + 1);
      return pending.get(`${id}>${node.id}#${nth}`)!;
    });
  };
  const mapStreams: Stream[] = [];
  for (const node of graph.nodes) {
    const shape = shapes.get(node.id)!;
    const source = { node: node.id, format: node.format, shape };
    if (node.kind === 'input') {
      const output = addStream(b, { ...source, lanes: options.pixelsPerClock }, `${node.id}_out`);
      const { link } = options;
      if (link.fifoBeats > 0) {
        const beats = packetBeats(link, output.lanes, wordsPerFrame(output));
        b.stages.push({ kind: 'absorb', name: b.name('absorb'), link, beats, inputs: [], outputs: [] });
      }
      b.stages.push({ kind: 'receive', name: b.name(node.id), node, link, inputs: [], outputs: [output] });
      offer(node, graph.reloadable ? swapping(b, output) : output);
      continue;
    }
    if (node.kind === 'maps') {
      const output = addStream(
        b,
        { ...source, lanes: options.pixelsPerClock * node.channels },
        `${node.id}_out`,
      );
      mapStreams.push(output);
      if (mapStreams.length === mapsNodes(graph).length)
        b.stages.push({ kind: 'receiveMaps', name: b.name('maps'), inputs: [], outputs: mapStreams });
      offer(node, output);
      continue;
    }
    const given = take(node);
    const lanes = lanesOf(node, {
      inputs: given.map((s) => ({ shape: s.shape, lanes: s.lanes, format: s.format })),
      output: shape,
      options,
    });
    const inputs = given.map((s, i) => repacked(b, s, lanes.inputs[i]!));
    if (node.kind === 'flatten') {
      // The same words in the same order: only the name and the shape change.
      offer(node, { ...inputs[0]!, ...source });
      continue;
    }
    if (node.kind === 'concat') {
      concatChain(b, node, inputs, lanes);
    } else {
      const output = addStream(b, { ...source, lanes: lanes.output }, `${node.id}_out`);
      const folding: Folding = { inLanes: lanes.inputs[0]!, outLanes: lanes.output, tapFold: lanes.tapFold };
      const name = b.name(node.id);
      const twin = stageNames.get(two?.originals.get(node.id) ?? node.id);
      stageNames.set(node.id, name);
      b.stages.push({
        kind: node.kind,
        name,
        ...(twin === undefined ? {} : { twin }),
        node,
        folding,
        ...(lanes.adders === undefined ? {} : { adders: lanes.adders }),
        inputs,
        outputs: [output],
      } as NodeStage<NodeStageKind> as Stage);
    }
    offer(node, b.streams[b.streams.length - 1]!);
  }
  b.stages.push({
    kind: 'decide',
    name: b.name('decide'),
    inputs: outputs.map((id) => pending.get(`${id}>decide#0`)!),
    outputs: [],
  });
  return {
    stages: b.stages,
    streams: b.streams,
    visible,
    pixelsPerClock: options.pixelsPerClock,
    link: options.link,
    cyclesPerFrame: options.cyclesPerFrame,
    canary: two !== undefined,
  };
}
