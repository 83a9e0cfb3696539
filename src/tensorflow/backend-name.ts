/**
 * The names of what trains, for those who ask for one without loading it: the TensorFlow.js back ends, and ONNX Runtime for the
 * gradients beside WebAssembly for the rest.
 */
import { z } from 'zod';

export const backendNameSchema = z.enum(['auto', 'tensorflow', 'onnxruntime', 'wasm', 'cpu']);
export type BackendName = z.infer<typeof backendNameSchema>;
