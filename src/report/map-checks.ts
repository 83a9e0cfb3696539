/** The figures of the evidence maps, beside the random control. */
import type { MapCheck } from '../explain/check-maps.js';
import { html, htmlTable, type Html } from '../draw/html.js';

const figure = (value: number, digits: number): string => (Number.isNaN(value) ? '–' : value.toFixed(digits));

export function mapCheckSection(checks: readonly MapCheck[]): Html {
  const [first] = checks;
  if (first === undefined)
    return html`<p class="soft">No true peaks are known for the test frames: the maps cannot be checked.</p>`;
  return html`<h3>Are the maps any good?</h3>
    <p>
      ${first.frames} kept hits whose true Bragg peaks are known. A useful map beats the random one in the first four
      figures, and changes when the weights are randomised.
    </p>
    ${htmlTable(
      ['method', 'largest on a peak', 'AUC at peaks', 'insertion', 'deletion', 'like randomised weights'],
      checks.map((c) => [
        c.method,
        `${figure(100 * c.pointing, 0)} %`,
        figure(c.auc, 3),
        figure(c.insertion, 3),
        figure(c.deletion, 3),
        figure(c.randomised.at(-1)?.correlation ?? NaN, 2),
      ]),
    )}
    <p class="soft">
      Insertion: area under the score as regions are put back in the order of the map, higher is better; deletion: as
      they are taken away, lower is better. Like randomised weights: rank correlation with the map of the same network
      with shuffled weights; a map that stays alike explains the frame, not the network.
    </p>
    ${cascadeTable(checks)}`;
}

/** Likeness of the maps as the layers are randomised one after the other. */
function cascadeTable(checks: readonly MapCheck[]): Html {
  const made = checks.filter((c) => c.randomised.length > 0);
  return html`<p>
      The same likeness with the weights shuffled from the output only down to a layer: it should fall, the random map
      cannot.
    </p>
    ${htmlTable(
      ['shuffled down to', ...made.map((c) => c.method)],
      made[0]!.randomised.map(({ downTo }, step) => [
        downTo,
        ...made.map((c) => figure(c.randomised[step]!.correlation, 2)),
      ]),
    )}`;
}
