/**
 * Integers in which ONNX Runtime differs from the interpreter, for the networks of the registry with all their
 * channels, by width and optimisation level. `disabled` has to be 0; the others are reported.
 *
 *     npx tsx test/bench/onnx-exactness.ts [NETWORK…] [--bits 4 --bits 6 …]
 *
 * Random weights, one frame of 64×64 (AlexNet: 208×208) after preprocessing. AlexNet and the large ResNets take
 * minutes a width.
 */
import { parseArgs } from 'node:util';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { emitQdqOnnx } from '../../src/backends/onnx/qdq.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { UnsupportedError } from '../../src/core/errors.js';
import { createRandom } from '../../src/core/random.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { interpret } from '../../src/simulate/interpret.js';
import { ORT_OPTIMIZATIONS } from '../../src/backends/onnx/ort/session.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { createNetwork, NETWORKS } from '../../src/frontends/network/registry.js';

function frameFor([height, width]: readonly [number, number], seed: number): Uint16Array {
  const random = createRandom(seed);
  return Uint16Array.from({ length: height * width }, () =>
    random.uniform() < 0.97 ? random.integer(0, 40) : random.integer(0, 4000),
  );
}

async function quantized(network: string, bits: number): Promise<FixedGraph> {
  const side = network === 'alexnet' ? 208 : 64;
  const float = createNetwork({
    network,
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1 }), [side, side]),
    classes: { classNames: ['empty', 'ring', 'weak', 'good'], hitClasses: [false, false, true, true] },
    seed: 7,
  });
  const frames = [1, 2].map((seed) => ({ pixels: frameFor([side, side], seed), spots: null }));
  const { fixed } = await quantizeNetwork(float, frames, {
    quantization: quantizationSchema.parse({
      weightBits: bits,
      activationBits: bits,
      biasCorrection: false,
      equalize: false,
    }),
    calibration: calibrationSchema.parse({ observer: 'min-max' }),
  });
  return fixed;
}

/** `level different/all` for each optimisation level: every tensor, and the decision of the plain file. */
async function differences(graph: FixedGraph, model: Uint8Array): Promise<string> {
  const frame = frameFor(inputNode(graph).size, 3);
  const expected = interpret(graph, frame, true);
  const cells: string[] = [];
  for (const optimization of ORT_OPTIMIZATIONS) {
    const witness = await createOrtWitness(graph, { optimization }, model);
    const [exposed] = await witness.run([frame], { tensors: true });
    const [plain] = await witness.run([frame]);
    await witness.close();
    let [different, all] = [0, 0];
    for (const [id, tensor] of expected.tensors) {
      const other = exposed!.tensors.get(id)!;
      all += tensor.length;
      tensor.forEach((v, i) => (different += Number(v !== other[i])));
    }
    const decision = expected.logits.filter((v, i) => v !== plain!.logits[i]).length;
    cells.push(`${optimization} ${different}+${decision}/${all}`);
  }
  return cells.join('  ');
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { bits: { type: 'string', multiple: true, default: ['4', '6', '8', '12'] } },
});
console.log('integers of all tensors that differ + logits that differ / integers compared');
for (const network of positionals.length > 0 ? positionals : Object.keys(NETWORKS))
  for (const bits of values.bits.map(Number)) {
    const graph = await quantized(network, bits);
    console.log(`${network} ${bits} bits, fixed:    ${await differences(graph, emitFixedOnnx(graph))}`);
    if (bits !== 8) continue;
    try {
      console.log(`${network} ${bits} bits, qdq-int8: ${await differences(graph, emitQdqOnnx(graph))}`);
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      console.log(
        `${network} ${bits} bits, qdq-int8: ${error.reasons.length} stages cannot be said: ${error.reasons[0]!.why}`,
      );
    }
  }
