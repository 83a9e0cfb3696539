/** The option that turns on the search for widths, for every command that has it. */
import { numberOption } from './option-values.js';

export const BUDGET_HELP =
  'search widths layer by layer: the cheapest network that loses at most so many points of the hits';

/** Points of the hits that may be lost, such as 0.5. */
export const budgetOption = numberOption('--budget', { low: 0, high: 100 });

/** The same, for weights set to 0. */
export const pruneOption = numberOption('--prune', { low: 0, high: 100 });
