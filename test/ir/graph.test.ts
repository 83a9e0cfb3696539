import { describe, expect, it } from 'vitest';
import { parseGraph, parseGraphText, printGraph, serializeGraph } from '../../src/ir/serialize.js';
import { verifyFixedGraph } from '../../src/ir/verify.js';
import { interpret } from '../../src/simulate/interpret.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';

describe('a fixed graph', () => {
  const graph = sampleFixedGraph();

  it('is the same graph after JSON and after text', () => {
    expect(parseGraph('fixed', serializeGraph('fixed', graph), 'fixed.json')).toEqual(graph);
    const files = serializeGraph('fixed', graph);
    expect(parseGraph('fixed', { ...files, bin: Buffer.from(files.bin) }, 'fixed.json')).toEqual(graph);
    expect(parseGraphText('fixed', printGraph('fixed', graph), 'fixed.txt')).toEqual(graph);
  });

  it('is refused when a weight was changed under its proof', () => {
    const files = serializeGraph('fixed', graph);
    const bin = files.bin.slice();
    const conv = graph.nodes.find((n) => n.id === 'conv1');
    const weights = conv?.kind === 'conv2d' ? conv.weights.mantissas : undefined;
    const header = JSON.parse(files.json) as { tensors: { length: number; type: string; offset: number }[] };
    const tensor = header.tensors.find((t) => t.type === 'i32' && t.length === weights?.length);
    bin[tensor!.offset] = bin[tensor!.offset]! ^ 1;
    expect(() => parseGraph('fixed', { json: files.json, bin }, 'fixed.json')).toThrow(
      /conv1.*proof does not follow/,
    );
  });

  it('is refused when its input format is not a raw pixel', () => {
    const nodes = graph.nodes.map((n) =>
      n.kind === 'input' ? { ...n, format: { ...n.format, width: 12 } } : n,
    );
    expect(() => verifyFixedGraph({ ...graph, nodes })).toThrow(/raw pixel/);
  });
});

describe('the interpreter', () => {
  const graph = sampleFixedGraph();

  it('compares max hit − max miss with the threshold', () => {
    for (const frame of sampleFrames(3, 40 * 36)) {
      const { logits, tensors, score, keep } = interpret(graph, frame, true);
      expect(tensors.size).toBe(graph.nodes.length);
      expect(score).toBe(logits[1]! - logits[0]!);
      expect(keep).toBe(score >= graph.threshold);
    }
  });

  it('sees masked pixels as zero', () => {
    const [frame] = sampleFrames(1, 40 * 36);
    const { tensors } = interpret(graph, frame!, true);
    const masked = [...tensors].find(([id]) => id === 'mask')![1];
    expect(masked[3]).toBe(0);
    expect(masked[4]).toBe(frame![3 * 36 + 1 + 4]);
  });
});
