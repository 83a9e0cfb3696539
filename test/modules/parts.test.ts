/** Random networks of several modules: in every evaluator, in ONNX Runtime, and in parts, integer by integer. */
import { describe, expect, it } from 'vitest';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { createBounds } from '../../src/explain/certified.js';
import { createRandom } from '../../src/core/random.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { mapsNodes, mapsOfPart, type FrameMaps } from '../../src/ir/frame-maps.js';
import { partOf } from '../../src/ir/modules.js';
import { partitionModules, type ModuleParts } from '../../src/passes/partition-modules.js';
import { interpret } from '../../src/simulate/interpret.js';
import { check } from '../fuzz/check.js';
import { fuzzFrames } from '../fuzz/frames.js';
import { fuzzMaps } from '../fuzz/maps.js';
import { stackedGraph } from '../fuzz/modules.js';
import { AT_NIGHT } from '../night.js';
import { randomFixedGraph } from '../fuzz/random-graph.js';

const NETWORKS = AT_NIGHT ? 150 : 30;

interface Case {
  readonly seed: number;
  readonly graph: FixedGraph;
  readonly parts: ModuleParts;
}

/** The first random networks that can be cut, of 2 to 5 modules. */
function cases(): readonly Case[] {
  const found: Case[] = [];
  for (let seed = 1; found.length < NETWORKS; seed++) {
    const count = createRandom(seed).integer(2, 5);
    const graph = stackedGraph(randomFixedGraph(seed), count);
    if (graph === null || graph.nodes.some(({ format }) => format.width > 16)) continue;
    found.push({ seed, graph, parts: partitionModules(graph) });
  }
  return found;
}

const ALL = cases();

/** The words of every module of a frame, one module after the other. */
function wordsOf({ parts }: Case, frame: Uint16Array, maps: FrameMaps | undefined): Uint16Array {
  const words = new Uint16Array(parts.modules * parts.words);
  parts.frontOf.forEach((front, k) => {
    const part = parts.fronts[front]!;
    const own = mapsOfPart(maps!, k, parts.modules);
    words.set(
      interpret(part, partOf(frame, k, parts.modules), false, undefined, own).logits,
      k * parts.words,
    );
  });
  return words;
}

describe('a network of several modules', () => {
  it.each(['text', 'evaluator', 'onnxruntime', 'explanation'] as const)(
    'is the same integers in every form: %s',
    async (name) => {
      let compared = 0;
      for (const { seed, graph } of ALL) {
        const subject = { graph, frames: fuzzFrames(graph, seed, 2), hls: { pixelsPerClock: 1 } as const };
        const outcome = await check(name, subject);
        if (outcome.kind === 'unsupported') continue;
        expect(outcome, `seed ${seed}`).toMatchObject({ kind: 'same' });
        if (outcome.kind === 'same') compared += outcome.values;
      }
      expect(compared).toBeGreaterThan(1000);
    },
  );

  it('has bounds that are its integers where no pixel may change', () => {
    const bounded = ALL.filter(({ graph }) => mapsNodes(graph).length === 0);
    let compared = 0;
    for (const { seed, graph } of bounded) {
      const bounds = createBounds(graph);
      if (bounds === null) continue;
      for (const frame of fuzzFrames(graph, seed, 2)) {
        const { logits } = interpret(graph, frame);
        const { low, high } = bounds(frame, frame);
        expect([low, high], `seed ${seed}`).toEqual([logits, logits]);
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(10);
  });

  it('is decided in parts as it is whole', () => {
    for (const one of ALL) {
      const maps = fuzzMaps(one.graph, 3);
      fuzzFrames(one.graph, one.seed, 3).forEach((frame, i) => {
        const whole = interpret(one.graph, frame, true, undefined, maps[i]);
        const words = wordsOf(one, frame, maps[i]);
        const decided = interpret(one.parts.decision, words, true);
        expect(decided.logits, `seed ${one.seed}`).toEqual(whole.logits);
        expect([decided.score, decided.keep]).toEqual([whole.score, whole.keep]);
        // What travelled is what the whole has at the cut, in the order of modules.
        for (const { id } of one.parts.features)
          expect(decided.tensors.get(id), `seed ${one.seed}, ${id}`).toEqual(whole.tensors.get(id));
      });
    }
  });

  it('is decided in parts by ONNX Runtime as it is whole by the interpreter', async () => {
    for (const one of ALL.slice(0, 12)) {
      const maps = fuzzMaps(one.graph, 2);
      const frames = fuzzFrames(one.graph, one.seed, 2);
      const sent = frames.map((frame, i) => wordsOf(one, frame, maps[i]));
      const fronts = await Promise.all(
        one.parts.fronts.map((front) => createOrtWitness(front, { threads: 1 })),
      );
      const decision = await createOrtWitness(one.parts.decision, { threads: 1 });
      try {
        for (const [k, front] of one.parts.frontOf.entries()) {
          const own = frames.map((frame) => partOf(frame, k, one.parts.modules));
          const given = maps.map((m) => mapsOfPart(m, k, one.parts.modules));
          const results = await fronts[front]!.run(own, { maps: given });
          results.forEach(({ logits }, i) => {
            const expected = partOf(sent[i]!, k, one.parts.modules);
            expect(Array.from(logits), `seed ${one.seed}, module ${k}`).toEqual(Array.from(expected));
          });
        }
        const decided = await decision.run(sent);
        decided.forEach(({ logits, score, keep }, i) => {
          const whole = interpret(one.graph, frames[i]!, false, undefined, maps[i]);
          expect(logits).toEqual(whole.logits);
          expect([score, keep]).toEqual([whole.score, whole.keep]);
        });
      } finally {
        for (const witness of [...fronts, decision]) await witness.close();
      }
    }
  });

  it('has a front end for every mask that differs, and one where none does', () => {
    for (const { graph, parts } of ALL) {
      const masked = graph.nodes.some(({ kind }) => kind === 'mask');
      expect(parts.frontOf).toHaveLength(parts.modules);
      if (!masked) expect(parts.fronts).toHaveLength(1);
      expect(inputNode(parts.decision).size).toEqual([parts.modules, parts.words]);
    }
    expect(ALL.some(({ parts }) => parts.fronts.length > 1)).toBe(true);
  });
});
