/** The report's account of what holds for all inputs, and of what was only tested. */
import type { Statement } from '../backends/backend.js';
import { html, htmlTable, type Cell, type Html } from '../draw/html.js';

export interface ProofSummary {
  readonly statements: readonly (Omit<Statement, 'files'> & { readonly part: string })[];
  readonly tested: readonly {
    readonly part: string;
    readonly what: string;
    readonly of: readonly string[];
    readonly by: readonly string[];
  }[];
}

type Listed = ProofSummary['statements'][number];

function verdictCell({ verdict, by, why }: Listed): Cell {
  if (verdict === 'open') return `not proved: ${why ?? ''}`;
  return html`<span class="${verdict === 'proved' ? 'good' : 'bad'}">${verdict}</span> by ${by}`;
}

/** Long lists of names are broken anywhere between two. */
const names = (all: readonly string[]): Cell => (all.length === 0 ? '' : all.join(', '));

const COLUMNS = ['', 'of', 'what', 'where', 'how far'] as const;
const rowsOf = (statements: readonly Listed[]): readonly (readonly Cell[])[] =>
  statements.map((s) => [verdictCell(s), s.part, s.claim, names(s.about), s.reach]);

export function proofSection({ statements, tested }: ProofSummary): Html {
  const shown = statements.filter((s) => s.verdict !== 'open');
  const open = statements.filter((s) => s.verdict === 'open');
  return html`<h3>Proved for all inputs</h3>
    ${htmlTable(COLUMNS, rowsOf(shown))}
    ${
      open.length === 0
        ? ''
        : html`<details>
            <summary>${open.length} statements that can be proved and are not: vetoc verify RUN --prove</summary>
            ${htmlTable(COLUMNS, rowsOf(open))}
          </details>`
    }
    <h3>Only tested</h3>
    ${htmlTable(
      ['of', 'what', 'where', 'by, on the frames and drills above'],
      tested.map(({ part, what, of, by }) => [
        part,
        what,
        names(of),
        by.length === 0 ? 'no witness' : by.join(', '),
      ]),
    )}`;
}
