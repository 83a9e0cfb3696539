/** `vetoc/backends/onnx`: networks as ONNX, in every dialect, and ONNX Runtime on them. */
export { ONNX_DIALECT_NAMES, ONNX_DIALECTS } from './dialects.js';
export type { OnnxDialectName } from './dialects.js';
export type { Dialect, DialectOptions, Networks } from '../backend.js';
export { createOrtFloat } from './ort/float.js';
export { ORT_PROVIDERS } from './ort/session.js';
export type { OrtProvider } from './ort/session.js';
export { createOrtWitness } from './ort/witness.js';
