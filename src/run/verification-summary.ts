/** A verification as its section of a page has it, and that section as a page of its own, which `vetoc verify` writes anew. */
import { html } from '../draw/html.js';
import { page } from '../report/page.js';
import { verificationSection, type VerificationSummary } from '../report/verification-section.js';
import { STAGE_COLUMNS, stageRows } from '../verify/drills/table.js';
import type { VerificationRecord } from './verification.js';

export const verificationSummary = (record: VerificationRecord): VerificationSummary => ({
  verdict: record.verdict,
  rows: [
    ...record.witnesses.map((w) => ({ ...w, note: w.skipped ?? w.failed ?? w.first?.text ?? '' })),
    ...(record.drills?.witnesses ?? []).map((w) => ({
      ...w,
      witness: `${w.witness}, each stage alone`,
      version: '',
      frames: w.drills,
      note: w.skipped ?? w.failed ?? w.first?.text ?? '',
    })),
  ],
  reached: {
    columns: STAGE_COLUMNS,
    rows: record.drills === null ? [] : stageRows(record.coverage, record.drills),
  },
  proofs: record.proofs,
});

/** `name`: of the recipe of the run. */
export const verificationPage = (name: string, record: VerificationRecord): string =>
  page(
    `Agreement: ${name}`,
    html`<h1>Agreement: ${name}</h1>
      <p class="lead">
        The verdict is <b class="${record.verdict === 'exact' ? 'good' : 'bad'}">${record.verdict}</b>. Each witness
        computed the same frames by its own means; every integer was compared with no tolerance.
      </p>
      <p><a href="index.html">The report of the run</a></p>
      ${verificationSection(verificationSummary(record))}`,
  );
