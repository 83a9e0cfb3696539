/** HTML in which text is always text: a tagged template that escapes whatever is not HTML made by itself. */

export interface Html {
  readonly html: string;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c]!);

type Part = Html | string | number | readonly Part[];

const render = (part: Part): string =>
  typeof part === 'string' || typeof part === 'number'
    ? escape(String(part))
    : 'html' in part
      ? part.html
      : part.map(render).join('');

/** Joins literal HTML with parts: strings and numbers are escaped, `Html` and lists of parts are put in. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: literals.map((text, i) => (i === 0 ? text : render(parts[i - 1]!) + text)).join('') };
}

export type Cell = string | number | Html;

/** Whether a cell is a figure: with or without thousands, decimals and a percent sign, or a dash for none. */
const isFigure = (cell: Cell): boolean =>
  typeof cell === 'number' || (typeof cell === 'string' && /^([−-]?[\d,.]+( %)?|–)$/.test(cell));

/** Text longer than this is broken into lines. */
const LONG = 48;
const isLong = (cell: Cell): boolean => typeof cell === 'string' && cell.length > LONG;

/** A table; figures stand right-aligned, and so does the head of a column that holds nothing else. */
export function htmlTable(header: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  const classOf = (figure: boolean): string => (figure ? 'number' : 'text');
  const classOfCell = (value: Cell): string => (isLong(value) ? 'long' : classOf(isFigure(value)));
  const isColumnOfFigures = (column: number): boolean =>
    rows.every((row) => row[column] === '' || isFigure(row[column]!));
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${header.map((h, i) => html`<th scope="col" class="${classOf(isColumnOfFigures(i))}">${h}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((value) => html`<td class="${classOfCell(value)}">${value}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
