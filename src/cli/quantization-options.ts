/** The option that turns on the search for widths, for every command that has it. */
import { UserError } from '../core/errors.js';

export const BUDGET_HELP =
  'search widths layer by layer: the cheapest network that loses at most so many points of the hits';

/** Points of hits, or null where nothing was asked. Throws `UserError`. */
export function budgetOption(text: string | undefined): number | null {
  if (text === undefined) return null;
  const points = Number(text);
  if (text.trim() === '' || !(points >= 0 && points <= 100))
    throw new UserError(`"${text}" is no number of points`, {
      field: '--budget',
      remedy: 'give the points of hits that may be lost, such as 0.5',
    });
  return points;
}
