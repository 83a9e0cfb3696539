/**
 * The network that a recipe names: one of the registry, layers in full, or a file: a JSON description (an array of
 * layers) or a TensorFlow.js LayersModel (`model.json` with its weight files beside it).
 *
 * A LayersModel brings its weights and is trained on from them.
 */
import { z } from 'zod';
import { schemaError } from '../../core/schema-problem.js';
import type { FloatGraph } from '../../ir/graph.js';
import { layerSchema, type Layer } from './description.js';
import { createNetwork, type NetworkRequest } from './registry.js';
import { readJson } from '../../core/json.js';

/** Whether `training.network` names a file rather than a network of the registry. */
export const isNetworkFile = (name: string): boolean => name.includes('/') || name.endsWith('.json');

function parseLayers(json: unknown, file: string): readonly Layer[] {
  const parsed = z.array(layerSchema).min(1).safeParse(json);
  if (parsed.success) return parsed.data;
  throw schemaError(parsed.error, file, ['layers']);
}

/** The float graph of `request.network`. Throws `UserError` or `UnsupportedError` where it cannot be had. */
export async function loadNetwork(request: NetworkRequest): Promise<FloatGraph> {
  const { network, preprocess, classes } = request;
  if (typeof network !== 'string' || !isNetworkFile(network)) return createNetwork(request);
  const json = await readJson(network, {
    field: 'training.network',
    remedy: 'name a list of layers in JSON, or the model.json of a LayersModel',
  });
  const isModel = typeof json === 'object' && json !== null && 'modelTopology' in json;
  if (!isModel) return createNetwork({ ...request, network: parseLayers(json, network) });
  // TensorFlow.js is loaded for those who have such a model. Its weights are only held, not computed with: the back end
  // that is always there will do.
  const { openBackend } = await import('../../tensorflow/backend.js');
  const { graphFromLayersModel, readLayersModel } = await import('../layers-model/from-layers-model.js');
  await openBackend('cpu');
  const model = await readLayersModel(network);
  try {
    const graph = graphFromLayersModel(model, preprocess, classes);
    return { ...graph, name: request.name ?? graph.name };
  } finally {
    model.dispose();
  }
}
