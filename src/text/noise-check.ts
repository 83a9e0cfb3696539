/** Predicted and observed flips by photon noise, in words. */
import { table } from '../core/table.js';
import type { NoiseCheck } from '../run/explain/check-noise.js';
import type { ExplainChecks } from '../run/explain/check.js';

const percent = (share: number): string => (Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)} %`);

function flips({ frames, predicted, observed, bins }: NoiseCheck, drawn: string): string {
  const rows = bins.map(({ from, to, predicted: p, observed: o }) => [
    `${percent(from)} to ${percent(to)}`,
    String(o.total),
    percent(p),
    o.total === 0 ? '–' : `${percent(o.value)} [${(100 * o.low).toFixed(1)}, ${(100 * o.high).toFixed(1)}]`,
  ]);
  return (
    `${drawn}: of ${frames} decisions ${predicted.toFixed(1)} are predicted to be another, ${observed} are.\n` +
    table(['predicted chance', 'frames', 'predicted', 'observed [95 %]'], rows)
  );
}

/** Both checks of the chance of a flip. */
export const noiseCheckText = ({ dealt, simulated }: NonNullable<ExplainChecks['noise']>): string =>
  [
    'Decisions that photon noise turns: redraws of one frame predict how another, drawn from the same means, is decided.',
    flips(
      simulated,
      'Simulated frames of detectors that count photons, drawn twice from the means that the simulator knows',
    ),
    flips(dealt, 'The photons of each frame dealt into two'),
  ].join('\n\n');
