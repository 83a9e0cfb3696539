import { describe, expect, it } from 'vitest';
import { roundShiftNumber } from '../../src/fixed/cast.js';
import { fractionBits, maxMantissa, minMantissa } from '../../src/fixed/format.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import type { NodeId } from '../../src/ir/common.js';
import { parseGraph, parseGraphText, printGraph, serializeGraph } from '../../src/ir/serialize.js';
import { analyseRanges } from '../../src/ir/prove.js';
import { interpret } from '../../src/simulate/interpret.js';
import { fuzzFrames } from '../fuzz/frames.js';
import { fuzzMaps } from '../fuzz/maps.js';
import { randomFixedGraph } from '../fuzz/random-graph.js';
import { randomFrames, randomNetwork } from '../passes/random-networks.js';

describe('random networks', () => {
  it('are the same in the interpreter, the evaluator and after printing, within their proved ranges', () => {
    for (let seed = 0; seed < 60; seed++) {
      const graph = randomFixedGraph(seed);
      expect(parseGraphText('fixed', printGraph('fixed', graph), 'text')).toEqual(graph);
      expect(parseGraph('fixed', serializeGraph('fixed', graph), 'json')).toEqual(graph);
      const ranges = analyseRanges(graph);
      const evaluator = createFixedEvaluator(graph);
      for (const frame of fuzzFrames(graph, seed, 2)) {
        const [maps] = fuzzMaps(graph, 1);
        const expected = interpret(graph, frame, true, undefined, maps);
        const { logits, score, keep } = evaluator.decide(frame, maps);
        expect([[...logits], score, keep]).toEqual([[...expected.logits], expected.score, expected.keep]);
        const look = (id: NodeId, mantissas: Int32Array): void => {
          const own = expected.tensors.get(id)!;
          expect(mantissas).toEqual(own);
          const { low, high } = ranges.get(id)!.range;
          expect(
            own.every((q) => q >= low && q <= high),
            `${id} of ${seed}`,
          ).toBe(true);
        };
        evaluator.visit(frame, look, false, maps);
      }
    }
  });

  it('tell which values were clipped', () => {
    let clippedInAll = 0;
    for (let seed = 0; seed < 60; seed++) {
      const graph = randomFixedGraph(seed);
      const nodes = new Map(graph.nodes.map((n) => [n.id, n]));
      for (const frame of fuzzFrames(graph, seed, 2)) {
        const tensors = new Map<string, Int32Array>();
        const look = (
          id: string,
          mantissas: Int32Array,
          _shape: unknown,
          clipped: readonly number[],
        ): void => {
          tensors.set(id, mantissas.slice());
          const node = nodes.get(id as never)!;
          if (node.kind !== 'requantize') return;
          const from = nodes.get(node.inputs[0]!)!;
          const shift = fractionBits(from.format) - fractionBits(node.format);
          const outside: number[] = [];
          tensors.get(from.id)!.forEach((q, i) => {
            const rounded =
              shift <= 0 ? q * 2 ** -shift : roundShiftNumber(q, shift, node.format.quantization);
            if (rounded > maxMantissa(node.format) || rounded < minMantissa(node.format)) outside.push(i);
          });
          expect([...clipped].sort((a, b) => a - b)).toEqual(outside);
          clippedInAll += outside.length;
        };
        createFixedEvaluator(graph).visit(frame, look, true, fuzzMaps(graph, 1)[0]);
      }
    }
    expect(clippedInAll).toBeGreaterThan(100);
  });
});

describe('the float reference', () => {
  it('gives the same logits whole, in parts and where a tensor is given', () => {
    for (let seed = 0; seed < 12; seed++) {
      const graph = randomNetwork(seed);
      const reference = createFloatReference(graph);
      const [frame] = randomFrames(1, seed);
      const tensors = reference.tensors(frame!);
      const { logits, score, keep } = reference.decide(frame!);
      expect([...tensors.keys()]).toEqual(graph.nodes.map((n) => n.id));
      expect([...tensors.get(graph.output)!]).toEqual([...logits]);
      expect(keep).toBe(score >= graph.threshold);
      const twice = new Map([[graph.output, logits.map((v) => 2 * v)]]);
      expect([...reference.visit(frame!, () => undefined, twice)]).toEqual([...logits.map((v) => 2 * v)]);
      expect(() => reference.decide(new Uint16Array(3))).toThrow(
        /^a frame of 3 pixels where the network takes 20×20 — use frames of the size/,
      );
    }
  });
});
