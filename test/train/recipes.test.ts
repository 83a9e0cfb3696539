import { describe, expect, it } from 'vitest';
import { loadRecipe, recipeNames } from '../../src/cli/recipe.js';
import { preprocessNodes } from '../../src/data/preprocess.js';
import { learningRateAt } from '../../src/train/optimizer.js';
import { loadNetwork } from '../../src/train/networks/load.js';
import { parameterCount } from '../../src/train/parameters.js';

const classes = {
  classNames: ['Blank', 'No crystal', 'Weak', 'Good', 'Strong'],
  hitClasses: [false, false, true, true, true],
};
const names = await recipeNames();

describe('the recipes that come with vetoc', () => {
  it.each(names.filter((name) => !['alexnet', 'resnet101'].includes(name)))(
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
  it.each(['alexnet', 'resnet101'])('%s is trained as it was published', async (name) => {
    const { frames, preprocess, training } = await loadRecipe(name);
    expect(frames).toMatchObject({ height: 512, width: 512 });
    expect(preprocess).toMatchObject({ factor: 1, crop: null });
    expect(training).toMatchObject({ network: name, epochs: 50, batchSize: 128, weightDecay: 0 });
    const rates = [0, 1, 25, 50].map((epoch) => learningRateAt(training, epoch));
    expect(rates[0]).toBe(1e-5);
    expect(rates[2]! / rates[1]!).toBeCloseTo((rates[1]! / rates[0]!) ** 24, 12);
    expect(rates[3]).toBeLessThan(rates[0]!);
  });
});
