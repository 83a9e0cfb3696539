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

/** A table; cells that are numbers stand right-aligned. */
export function htmlTable(
  header: readonly string[],
  rows: readonly (readonly (string | number | Html)[])[],
): Html {
  const cell = (value: string | number | Html): Html =>
    typeof value === 'number' ? html`<td class="number">${value}</td>` : html`<td>${value}</td>`;
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${header.map((h) => html`<th scope="col">${h}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(cell)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
