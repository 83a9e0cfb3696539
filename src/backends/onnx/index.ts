/** `vetoc/backends/onnx`: networks as ONNX, in every dialect. */
export { ONNX_DIALECT_NAMES, ONNX_DIALECTS } from './dialects.js';
export type { OnnxDialect, OnnxDialectName } from './dialects.js';
export type { EmitOptions } from './metadata.js';
