/** All that the replay takes from the compiler. Another place for a part of it is another line here. */
export { designHls, type Design, type HlsOptions } from '../../src/backends/dataflow/design.js';
export { emitDesign } from '../../src/backends/hls/emit.js';
export { goldenFiles } from '../../src/backends/hls/golden.js';
export { registerTable } from '../../src/backends/hls/registers.js';
export { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
export { emitFloatOnnx } from '../../src/backends/onnx/float.js';
export { ModelProto, type Attribute, type Graph } from '../../src/onnx-file/proto.js';
export { emitQdqOnnx } from '../../src/backends/onnx/qdq.js';
export { emitQonnx } from '../../src/backends/onnx/qonnx.js';
export { calibrationSchema } from '../../src/calibrate/recipe.js';
export { UnsupportedError } from '../../src/core/errors.js';
export {
  preprocessNodes,
  preprocessSchema,
  type PreprocessInput,
} from '../../src/frontends/network/preprocess.js';
export { inputNode, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
export { parseGraphText, printGraph } from '../../src/ir/serialize.js';
export { quantizeNetwork } from '../../src/passes/quantize-network.js';
export { quantizationSchema, type Quantization } from '../../src/passes/recipe.js';
export { interpret } from '../../src/simulate/interpret.js';
export { loadFpga } from '../../src/targets/load.js';
export { layerSchema, type LayerInput } from '../../src/frontends/network/description.js';
export { createNetwork, NETWORKS } from '../../src/frontends/network/registry.js';
