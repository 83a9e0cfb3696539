/** That all who compute a network of raw words agree, in every value of every stage. */
import { expect } from 'vitest';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import type { FrameResult, Witness } from '../../src/simulate/witness.js';
import { fuzzMaps } from '../fuzz/maps.js';

export interface Agreed {
  readonly frames: readonly Uint16Array[];
  readonly maps: ReturnType<typeof fuzzMaps>;
  readonly results: readonly FrameResult[];
  /** ONNX Runtime, open. */
  readonly ort: Witness;
}

/** Fails where the evaluator or ONNX Runtime has another value than the interpreter, on words and maps from all of their range. */
export async function expectAgreement(graph: FixedGraph): Promise<Agreed> {
  const [height, width] = inputNode(graph).size;
  const maps = fuzzMaps(graph, 4);
  const frames = maps.map((_, n) =>
    Uint16Array.from({ length: height * width }, (_v, i) => (i * 40503 + n * 30011) % 65536),
  );
  const results = await createInterpreter(graph).run(frames, { tensors: true, maps });
  const evaluator = createFixedEvaluator(graph);
  frames.forEach((frame, n) => {
    evaluator.visit(
      frame,
      (id, values) => {
        expect([...values]).toEqual([...results[n]!.tensors.get(id)!]);
      },
      false,
      maps[n],
    );
  });
  const ort = await createOrtWitness(graph, { threads: 1 });
  const found = await ort.run(frames, { tensors: true, maps });
  found.forEach(({ tensors, score }, n) => {
    expect(score).toBe(results[n]!.score);
    for (const [id, values] of tensors) expect([...values]).toEqual([...results[n]!.tensors.get(id)!]);
  });
  return { frames, maps, results, ort };
}
