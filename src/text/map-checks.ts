/** Checks of evidence maps as tables for a terminal. */
import { table } from '../core/table.js';
import type { MapCheck } from '../explain/check-maps.js';
import type { ExplainChecks } from '../run/explain/check.js';
import { noiseCheckText } from './noise-check.js';

const figure = (value: number, digits: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits));

const checkTable = (checks: readonly MapCheck[]): string =>
  table(
    ['method', 'frames', 'pointing', 'AUC', 'insertion', 'deletion', 'randomised'],
    checks.map((c) => [
      c.method,
      String(c.frames),
      `${figure(100 * c.pointing, 0)} %`,
      figure(c.auc, 3),
      figure(c.insertion, 3),
      figure(c.deletion, 3),
      figure(c.randomised.at(-1)?.correlation ?? NaN, 2),
    ]),
  );

/** Likeness to randomised networks, layer by layer. */
function likenessTable(checks: readonly MapCheck[]): string {
  const made = checks.filter((c) => c.randomised.length > 0);
  return table(
    ['randomised down to', ...made.map((c) => c.method)],
    made[0]!.randomised.map(({ downTo }, step) => [
      downTo,
      ...made.map((c) => figure(c.randomised[step]!.correlation, 2)),
    ]),
  );
}

/** The figures of every method, and how like its maps are to those of randomised networks. */
export const mapChecksText = (checks: readonly MapCheck[]): string =>
  `${checkTable(checks)}\n\n${likenessTable(checks)}`;

/** Maps against true peaks, and the chance of a flip where it was checked. */
export const checksText = ({ maps, noise }: ExplainChecks): string =>
  [mapChecksText(maps), ...(noise === null ? [] : [noiseCheckText(noise)])].join('\n\n');

/** How much of the representation an inversion did not find again, layer by layer, and where its pictures are. */
export const inversionText = (
  path: string,
  layers: readonly { readonly layer: string; readonly loss: number }[],
): string =>
  [
    ...layers.map(
      ({ layer, loss }) => `${layer}: ${loss.toPrecision(3)} of the representation is not found again`,
    ),
    `  ${path}`,
  ].join('\n');
