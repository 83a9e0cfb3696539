/** The recipes that come with vetoc, and the networks that a recipe may name. */
import { NETWORKS } from '../../frontends/network/registry.js';
import { loadRecipe, recipeNames } from '../recipe.js';

export interface ListedRecipe {
  readonly name: string;
  readonly description: string;
  readonly target: string;
  /** The name of its network, or how many layers it spells out. */
  readonly network: string;
}

export interface ListedNetwork {
  readonly name: string;
  readonly summary: string;
}

export interface Recipes {
  readonly recipes: readonly ListedRecipe[];
  readonly networks: readonly ListedNetwork[];
}

export async function listRecipes(): Promise<Recipes> {
  const recipes: ListedRecipe[] = [];
  for (const name of await recipeNames()) {
    const { description, target, training } = await loadRecipe(name);
    const { network } = training;
    const named = typeof network === 'string' ? network : `${network.length} layers of its own`;
    recipes.push({ name, description, target, network: named });
  }
  const networks = Object.entries(NETWORKS).map(([name, { summary }]) => ({ name, summary }));
  return { recipes, networks };
}
