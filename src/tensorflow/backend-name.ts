/** The names of the TensorFlow.js back ends, for those who ask for one without loading it. */
import { z } from 'zod';

export const backendNameSchema = z.enum(['auto', 'tensorflow', 'wasm', 'cpu']);
export type BackendName = z.infer<typeof backendNameSchema>;
