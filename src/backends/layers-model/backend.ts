/** The float network as a TensorFlow.js LayersModel. */
import { neverTooLarge, type Backend } from '../backend.js';

export const layersModel: Backend = {
  name: 'layers-model',
  title: 'a LayersModel',
  description: 'The float network as a TensorFlow.js LayersModel.',
  folder: 'float',
  // A network that was brought along may be more than layers can say.
  required: false,
  tooLarge: neverTooLarge,
  async build({ networks }) {
    const { saveLayersModel } = await import('./layers-model.js');
    const { json, weights } = await saveLayersModel(networks.float);
    return {
      files: { 'model.json': json, 'weights.bin': weights },
      firmware: null,
      levels: {},
      facts: {},
    };
  },
  compares: () => false,
  witnesses: [],
  proofs: null,
  export: null,
};
