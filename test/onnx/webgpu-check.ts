/**
 * Run by webgpu.test.ts in a process whose environment names a Vulkan driver: prints, per case, how many integers of
 * all tensors differ between ONNX Runtime's WebGPU provider and the interpreter.
 */
import { interpret } from '../../src/simulate/interpret.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { networkFrames, quantized, randomNetwork } from './networks.js';

const cases = [
  { name: 'sample 8 bits', graph: sampleFixedGraph(), frames: sampleFrames(3, 40 * 36) },
  {
    name: 'sample 16 bits',
    graph: sampleFixedGraph({ weightBits: 16, activationBits: 16 }),
    frames: sampleFrames(3, 40 * 36),
  },
  {
    name: 'veto-nano',
    graph: await quantized(randomNetwork('veto-nano'), {}),
    frames: networkFrames(2, 4),
  },
];
const report: { name: string; compared: number; different: number }[] = [];
for (const { name, graph, frames } of cases) {
  const witness = await createOrtWitness(graph, { provider: 'webgpu', optimization: 'all' });
  const results = await witness.run(frames, { tensors: true });
  let compared = 0;
  let different = 0;
  frames.forEach((frame, i) => {
    for (const [id, tensor] of interpret(graph, frame, true).tensors) {
      compared += tensor.length;
      tensor.forEach((v, k) => (different += Number(results[i]!.tensors.get(id)![k] !== v)));
    }
  });
  report.push({ name, compared, different });
  await witness.close();
}
process.stdout.write(`${JSON.stringify(report)}\n`);
