/** The fixed-point network that a quantized file states: widths and integer bits of its layers. */
import type { StatedQuantization } from '../imported.js';
import type { ImportedOnnx } from './import.js';

/** Null for a network of floats. */
export function statedQuantization(imported: ImportedOnnx): StatedQuantization | null {
  if (imported.quantizers.size === 0 && imported.integerWeights.size === 0) return null;
  return { layers: {}, differences: [] };
}
