/** ONNX in every dialect, with ONNX Runtime as the witness of the fixed-point one. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { FixedGraph } from '../../ir/graph.js';
import { modulesOf } from '../../ir/modules.js';
import { partitionModules } from '../../passes/partition-modules.js';
import type { MissingWitness, Witness } from '../../simulate/witness.js';
import { neverTooLarge, type Backend, type DialectOptions, type WitnessRequest } from '../backend.js';
import { emitFixedOnnx } from './fixed.js';
import { ONNX_DIALECTS } from './dialects.js';
import type { OrtProvider } from './ort/session.js';
import { createOrtWitness } from './ort/witness.js';

/** ONNX Runtime on one provider; one that this machine does not have is missing, with the reason. */
async function openOrt(
  { folder, fixed }: WitnessRequest,
  provider: OrtProvider,
): Promise<Witness | MissingWitness> {
  const name = provider === 'cpu' ? 'onnxruntime' : `onnxruntime-${provider}`;
  const path = join(folder, ONNX_DIALECTS.fixed.file);
  const model = await readFile(path).catch(() => null);
  if (model === null) return { name, reason: `${path} cannot be read` };
  try {
    return { ...(await createOrtWitness(fixed, { provider }, model)), name };
  } catch (error) {
    if (provider === 'cpu' || !(error instanceof UserError)) throw error;
    return { name, reason: error.message };
  }
}

const { float, fixed } = ONNX_DIALECTS;

/** Of a detector of several modules: each front end that differs, and the decision on their words. */
function partFiles(graph: FixedGraph, options: DialectOptions): Readonly<Record<string, Uint8Array>> {
  if (modulesOf(graph) === 1) return {};
  const { fronts, decision } = partitionModules(graph);
  const name = (k: number): string => (fronts.length === 1 ? 'front.onnx' : `front-${k}.onnx`);
  return Object.fromEntries([
    ...fronts.map((front, k) => [name(k), emitFixedOnnx(front, options)] as const),
    ['decision.onnx', emitFixedOnnx(decision, options)] as const,
  ]);
}

export const onnx: Backend = {
  name: 'onnx',
  title: 'ONNX',
  description: 'Write the networks of a finished run as ONNX.',
  folder: 'onnx',
  required: true,
  tooLarge: neverTooLarge,
  build: ({ networks, producerVersion, recipeHash }) =>
    Promise.resolve({
      files: {
        ...Object.fromEntries(
          [float, fixed].map((dialect) => [
            dialect.file,
            dialect.emit(networks, { producerVersion, recipeHash }),
          ]),
        ),
        ...partFiles(networks.fixed, { producerVersion, recipeHash }),
      },
      firmware: null,
      levels: {},
      facts: {},
    }),
  compares: (path) => path === fixed.file,
  witnesses: [
    {
      name: 'onnxruntime',
      asked: 'always',
      prepares: null,
      open: (request) => Promise.all(request.providers.map((provider) => openOrt(request, provider))),
    },
  ],
  proofs: null,
  export: {
    kind: 'dialects',
    dialects: ONNX_DIALECTS,
    usual: ['float', 'fixed'],
    flags: [
      {
        name: 'intermediates',
        description: 'also put out the tensor of every node (not in qonnx)',
        only: null,
      },
      {
        name: 'prescale',
        description: 'in fixed: a second input with frame number, key and N, which keeps one miss in N',
        only: 'fixed',
      },
    ],
  },
};
