import { describe, expect, it } from 'vitest';
import { loadRecipe, recipeNames } from '../../src/run/recipe.js';
import { preprocessNodes } from '../../src/frontends/network/preprocess.js';
import { learningRateAt } from '../../src/train/optimizer.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { loadNetwork } from '../../src/frontends/network/load.js';
import { alexnet } from '../../src/frontends/network/references.js';
import { parameterCount } from '../../src/train/parameters.js';

const classes = {
  classNames: ['Blank', 'No crystal', 'Weak', 'Good', 'Strong'],
  hitClasses: [false, false, true, true, true],
};
const names = await recipeNames();
const PUBLISHED = ['alexnet', 'resnet101'];
/** Their convolutions whole, on binned frames. */
const BINNED = ['alexnet-binned', 'alexnet-reference', 'resnet101-reference', 'resnet18'];

describe('the recipes that come with vetoc', () => {
  it.each(names.filter((name) => ![...PUBLISHED, ...BINNED].includes(name)))(
    '%s has a network that fits its frames and firmware',
    async (name) => {
      const recipe = await loadRecipe(name);
      const { frames, preprocess, training, seed } = recipe;
      if (frames.kind !== 'simulate') throw new Error('recipes bring their own frames');
      const nodes = preprocessNodes(preprocess, [frames.height, frames.width]);
      const graph = await loadNetwork({ network: training.network, preprocess: nodes, classes, seed });
      expect(parameterCount(graph)).toBeLessThanOrEqual(100_000);
    },
  );

  // Nawaz et al., J. Appl. Cryst. (2023) 56, 1494, section 3.
  it.each(PUBLISHED)('%s is trained as it was published', async (name) => {
    const { frames, preprocess, training } = await loadRecipe(name);
    expect(frames).toMatchObject({ height: 512, width: 512 });
    expect(preprocess).toMatchObject({ factor: 1, crop: null });
    expect(training).toMatchObject({ network: name, epochs: 50, batchSize: 128, weightDecay: 0 });
    const rates = [0, 1, 25, 50].map((epoch) => learningRateAt(training, epoch));
    expect(rates[0]).toBe(1e-5);
    expect(rates[2]! / rates[1]!).toBeCloseTo((rates[1]! / rates[0]!) ** 24, 12);
    expect(rates[3]).toBeLessThan(rates[0]!);
  });

  it.each(BINNED)(
    '%s has the layers of the published network, but for the pooling to 6 × 6',
    async (name) => {
      const { preprocess, training } = await loadRecipe(name);
      expect(preprocess.factor).toBe(4);
      if (name.startsWith('resnet')) expect(training.network).toBe(name.split('-')[0]);
      else
        expect(training.network).toEqual(
          alexnet.filter(({ op }) => op !== 'avgPool').map((layer) => layerSchema.parse(layer)),
        );
    },
  );
});
