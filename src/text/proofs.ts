/** What is proved for all inputs and what was only tested, in words for a terminal. */
import type { ProofRecord } from '../run/proofs.js';

type Listed = ProofRecord['statements'][number];

/** Names in a line: the first of many, and how many more. */
const NAMED = 6;
const names = (all: readonly string[]): string =>
  all.length <= NAMED ? all.join(', ') : `${all.slice(0, NAMED).join(', ')} and ${all.length - NAMED} more`;

/** Of each part, prover and reach one line: how many statements, of what. */
function provedLines(statements: readonly Listed[]): string[] {
  const groups = new Map<string, Listed[]>();
  for (const s of statements) {
    const key = s.about.length > 0 && s.by === 'vetoc' ? s.claim : `${s.part}, ${s.by}: ${s.reach}`;
    groups.set(key, [...(groups.get(key) ?? []), s]);
  }
  return [...groups].map(([key, group]) => {
    const about = [...new Set(group.flatMap((s) => s.about))];
    const count = group.length === 1 ? '' : `: ${group.length} statements`;
    return `    ${key}${count} (${names(about)})`;
  });
}

export function proofLines({ statements, tested }: ProofRecord): string[] {
  const of = (verdict: Listed['verdict']): readonly Listed[] =>
    statements.filter((s) => s.verdict === verdict);
  const open = of('open');
  const reasons = [...new Set(open.map((s) => s.why ?? ''))];
  return [
    '  Proved for all inputs, as far as said:',
    ...provedLines(of('proved')),
    ...of('refuted').map((s) => `  REFUTED, ${s.part}: ${s.claim} (${names(s.about)}); ${s.why ?? ''}`),
    ...reasons.map((why) => {
      const those = open.filter((s) => (s.why ?? '') === why);
      return `  Not proved: ${those.length} statements about ${[...new Set(those.map((s) => s.part))].join(', ')}: ${why}`;
    }),
    '  Only tested, on these frames and drills:',
    ...tested.map(
      ({ part, what, of: parts, by }) =>
        `    ${part}: ${what}${parts.length === 0 ? '' : ` (${names(parts)})`}, by ${by.length === 0 ? 'no witness' : by.join(', ')}`,
    ),
  ];
}
