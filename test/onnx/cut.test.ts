/** `fixed.onnx` cut between its stages, also where a stage only renames what the one before it computes. */
import { describe, expect, it } from 'vitest';
import { cutStages } from '../../src/backends/onnx/cut.js';
import { stagePlaces } from '../../src/backends/onnx/expose.js';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { TENSORS_KEY } from '../../src/backends/onnx/metadata.js';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { runDrills, type WitnessDrills } from '../../src/verify/drills/run.js';
import { networkBuilder } from '../hls/networks.js';

const n = networkBuilder(2);
const hidden = n.dense('hidden', n.flatten('pixels', n.input(4, 4)), 6);
const graph = n.finish('flat', n.dense('logits', n.flatten('again', hidden), 2, true));
const model = emitFixedOnnx(graph);

async function drilled(bytes: Uint8Array): Promise<WitnessDrills> {
  const witness = await createOrtWitness(graph, { threads: 1 }, bytes);
  const { witnesses } = await runDrills(graph, createInterpreter(graph), [witness], { most: 20, seed: 1 });
  await witness.close();
  return witnesses[0]!;
}

/** The model as it was written before each stage had a value of its own: `again` lies where `hidden` does. */
function shared(): Uint8Array {
  const decoded = ModelProto.decode(model);
  const facts = decoded.metadataProps.find(({ key }) => key === TENSORS_KEY)!;
  const places = JSON.parse(facts.value!) as Record<string, unknown>;
  facts.value = JSON.stringify({ ...places, again: places['hidden'] });
  return ModelProto.encode(decoded).finish();
}

describe('a model cut between its stages', () => {
  it('has a value of its own for every stage, and computes each one as the interpreter does', async () => {
    const values = [...stagePlaces(ModelProto.decode(model)).values()].map(({ value }) => value);
    expect(new Set(values).size).toBe(graph.nodes.length);
    expect(await drilled(model)).toMatchObject({ mismatches: 0, failed: null, skipped: null });
  });

  it('is refused where two stages share a value, which verification names and takes for no difference', async () => {
    expect(() => cutStages(shared())).toThrow('hidden: an earlier vetoc gave it one value');
    expect(await drilled(shared())).toMatchObject({
      drills: 0,
      failed: null,
      skipped: expect.stringContaining('emit the model again') as string,
    });
  });
});
