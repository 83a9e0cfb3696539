/** What was simulated, as a table. */
import { table } from '../core/table.js';
import type { SimulationSummary } from '../run/simulate.js';

/** Frames of each class. */
export function simulatedText({ classes, raw }: SimulationSummary): string {
  const text = table(
    ['class', 'frames'],
    Object.entries(classes).map(([name, count]) => [name, String(count)]),
  );
  return raw === undefined
    ? text
    : `${text}\n\nWords of photons of ${raw.photonEnergyEv} eV; dark frames of every gain stage in ${raw.darks}, the true maps in ${raw.truth}.`;
}
