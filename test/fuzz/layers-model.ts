/** A float graph to a saved LayersModel and back. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnsupportedError } from '../../src/core/errors.js';
import { consumers, type FloatGraph } from '../../src/ir/graph.js';
import { isPreprocess } from '../../src/ir/ops/index.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { graphFromLayersModel, readLayersModel } from '../../src/frontends/layers-model/from-layers-model.js';
import { saveLayersModel, type ModelFiles } from '../../src/backends/layers-model/layers-model.js';

async function readBack(files: ModelFiles, graph: FloatGraph): Promise<FloatGraph> {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-fuzz-layers-'));
  try {
    const path = join(folder, 'model.json');
    await writeFile(path, files.json);
    await writeFile(join(folder, 'weights.bin'), files.weights);
    const model = await readLayersModel(path);
    const nodes = graph.nodes.filter(isPreprocess);
    const outputs = nodes.map((n) => n.id).filter((id) => consumers(graph, id).some((n) => !isPreprocess(n)));
    try {
      return verifyFloatGraph(graphFromLayersModel(model, { nodes, outputs }, graph));
    } finally {
      model.dispose();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `graph` after it was saved as a LayersModel and read again. */
export async function throughLayersModel(graph: FloatGraph): Promise<FloatGraph> {
  await openBackend('cpu');
  return readBack(await saveLayersModel(graph), graph);
}

/** Whether no layers can say a graph, as it may be. */
export const isWithoutLayers = (error: unknown): error is UnsupportedError =>
  error instanceof UnsupportedError && error.message.startsWith('the network as a LayersModel');
