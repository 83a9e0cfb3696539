/** `vetoc/frontends`: float graphs from ONNX, Keras and LayersModel files, from the registry and from layers. */
export { importNetwork } from './import-network.js';
export type { ImportedNetwork, NetworkRequest } from './import-network.js';
export { modelHash } from './model-file.js';
export { createNetwork, NETWORKS } from './network/registry.js';
export { preprocessNodes, preprocessSchema } from './network/preprocess.js';
export type { PreprocessGraph, PreprocessInput, PreprocessOptions } from './network/preprocess.js';
