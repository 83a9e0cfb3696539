/** The options that turn on the search for widths, for every command that has them. */
import type { Command } from 'commander';
import { PRICES } from '../index.js';
import { choiceOption, numberOption } from './option-values.js';

const BUDGET_HELP =
  'search widths layer by layer: the cheapest network that loses at most so many points of the hits';
const PRICE_HELP =
  'what prices widths: model (of the HLS C++), or yosys (cells of the RTL: minutes to hours)';

export const addBudgetOptions = (command: Command): Command =>
  command
    .option('--budget <points>', BUDGET_HELP, numberOption('--budget', { low: 0, high: 100 }))
    .option('--price <by>', PRICE_HELP, choiceOption('--price', PRICES));

/** Points of the hits that may be lost, such as 0.5, for weights set to 0. */
export const pruneOption = numberOption('--prune', { low: 0, high: 100 });
