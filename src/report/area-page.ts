/** The page of what a synthesis made of the RTL, stage by stage, beside the estimate. */
import { CELL_KINDS, type CellFigures, type SynthesisReport } from '../backends/backend.js';
import { html, htmlTable, type Cell } from '../draw/html.js';
import { page } from './page.js';

const figure = (n: number): string => n.toLocaleString('en-US');
const columns = CELL_KINDS.flatMap(([name]) => [`${name}, estimated`, name]);
const pairs = (estimated: CellFigures, synthesized: CellFigures): readonly Cell[] =>
  CELL_KINDS.flatMap(([, kind]) => [figure(estimated[kind]), html`<b>${figure(synthesized[kind])}</b>`]);

/** `name`: of the recipe of the run. */
export const areaPage = (
  name: string,
  { tool, family, board, parts, total, fits }: SynthesisReport,
): string =>
  page(
    `Area: ${name}`,
    html`<h1>Area: ${name}</h1>
      <p class="lead">
        The SystemVerilog for ${board}, synthesized by ${tool} for the family ${family}:
        <b class="${fits ? 'good' : 'bad'}">${fits ? 'it fits' : 'it does not fit'}</b>.
      </p>
      <p class="soft">
        Cells that ${tool} made (bold), modules kept apart, beside vetoc's estimate from the structure. Nothing is placed and
        routed here; a vendor's tool may come to other figures.
      </p>
      <p><a href="index.html">The report of the run</a></p>
      ${htmlTable(
        ['', 'estimated', 'synthesized', 'on the board', 'share'],
        CELL_KINDS.map(([title, kind]) => [
          title,
          figure(total.estimated[kind]),
          figure(total.synthesized[kind]),
          figure(total.available[kind]),
          `${((100 * total.synthesized[kind]) / Math.max(1, total.available[kind])).toFixed(1)} %`,
        ]),
      )}
      <h2>Stage by stage</h2>
      ${htmlTable(
        ['stage', ...columns],
        parts.map((p) => [p.part, ...pairs(p.estimated, p.synthesized)]),
      )}`,
  );
