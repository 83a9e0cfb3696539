/** The report's table of witnesses, of what frames and drills reached, and of what is proved. */
import { html, htmlTable, type Html } from '../draw/html.js';
import { proofSection, type ProofSummary } from './proof-section.js';

export interface VerificationSummary {
  readonly verdict: 'exact' | 'different' | 'incomplete';
  readonly rows: readonly {
    readonly witness: string;
    readonly version: string;
    readonly frames: number;
    readonly values: number;
    readonly mismatches: number;
    readonly note: string;
  }[];
  /** What whole frames and drills of single stages reached of the proofs; empty without drills. */
  readonly reached: { readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] };
  readonly proofs: ProofSummary;
}

const reachedTable = ({ columns, rows }: VerificationSummary['reached']): Html =>
  html`<p class="soft">
      How many channels came to the ends of their accumulators, how many sums lay exactly between two values of the
      format, and how many left it below + above: on whole frames, and where each stage was driven alone.
    </p>
    ${htmlTable([...columns], rows)}`;

export const verificationSection = (v: VerificationSummary): Html =>
  html`${htmlTable(
    ['witness', 'version', 'frames', 'values compared', 'mismatches', 'note'],
    v.rows.map((r) => [
      r.witness,
      r.version,
      r.frames,
      r.values,
      html`<span class="${r.mismatches === 0 ? 'good' : 'bad'}">${r.mismatches}</span>`,
      r.note,
    ]),
  )}
  ${v.reached.rows.length === 0 ? '' : reachedTable(v.reached)} ${proofSection(v.proofs)}`;
