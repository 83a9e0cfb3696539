/** `vetoc/passes`: from a float graph and calibration frames to a fixed graph with its proofs. */
export { calibrationSchema } from '../calibrate/recipe.js';
export { prepareNetwork, quantizeNetwork, quantizePrepared } from './quantize-network.js';
export type {
  IrStep,
  PreparedNetwork,
  QuantizedNetwork,
  QuantizeNetworkOptions,
} from './quantize-network.js';
export { quantizationSchema } from './recipe.js';
export type { Quantization } from './recipe.js';
