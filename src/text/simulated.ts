/** What was simulated, as a table. */
import { table } from '../core/table.js';
import type { SimulationSummary } from '../run/simulate.js';

/** Frames of each class. */
export const simulatedText = ({ classes }: SimulationSummary): string =>
  table(
    ['class', 'frames'],
    Object.entries(classes).map(([name, count]) => [name, String(count)]),
  );
