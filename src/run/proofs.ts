/** What of a run is proved for all inputs, of the files that stand there, and what was only tested on frames. */
import { join } from 'node:path';
import type { AskProofs, Backend, ProjectProofs, Statement, TestedOnly } from '../backends/backend.js';
import { BACKENDS } from '../backends/index.js';
import type { FixedGraph } from '../ir/graph.js';
import type { WitnessReport } from '../verify/verify.js';
import { RUN_FILES } from './folder.js';

/** What `verify.json` says of proofs. `part` is what a statement is about: `SystemVerilog`, `the arithmetic`. */
export interface ProofRecord {
  readonly statements: readonly (Statement & { readonly part: string })[];
  /** `by`: the witnesses that compared it on frames and drills; empty where none did. */
  readonly tested: readonly (TestedOnly & { readonly part: string; readonly by: readonly string[] })[];
}

const ARITHMETIC = 'the arithmetic';

/** What follows from the proofs in the graph, which were worked out again when it was read. */
function arithmeticStatements(fixed: FixedGraph): ProofRecord['statements'] {
  const proved = fixed.nodes.flatMap((node) => ('proof' in node ? [{ id: node.id, ...node.proof }] : []));
  const statement = (claim: string, about: readonly string[]): ProofRecord['statements'][number] => ({
    part: ARITHMETIC,
    claim,
    about,
    reach: 'all frames',
    by: 'vetoc',
    verdict: 'proved',
    why: null,
    files: [RUN_FILES.fixedGraph],
  });
  const exact = proved.filter((p) => p.float32Exact).map((p) => p.id);
  return [
    statement(
      'no sum leaves its accumulator',
      proved.map((p) => p.id),
    ),
    ...(exact.length === 0 ? [] : [statement('every sum is exact in float32, in any order', exact)]),
  ];
}

/** The witnesses among `reports` that ran what `backend` wrote, to the end. */
const ranBy = ({ witnesses }: Backend, reports: readonly WitnessReport[]): readonly string[] =>
  reports
    .filter(
      (r) =>
        r.frames > 0 &&
        r.failed === null &&
        witnesses.some(({ name }) => r.witness === name || r.witness.startsWith(`${name}-`)),
    )
    .map((r) => r.witness);

async function proofsOf(
  dir: string,
  { folder, proofs }: Backend,
  ask: AskProofs | null,
): Promise<ProjectProofs | null> {
  const found = proofs === null ? null : await proofs(join(dir, folder), ask);
  if (found === null) return null;
  const statements = found.statements.map((s) => ({
    ...s,
    files: s.files.map((path) => `${folder}/${path}`),
  }));
  return { ...found, statements };
}

/** Whether the run in `dir` holds anything that a prover can be asked. */
export const canBeProved = async (dir: string): Promise<boolean> =>
  (await Promise.all(BACKENDS.map((backend) => proofsOf(dir, backend, null)))).some(
    (found) => found !== null,
  );

/** With `ask`, provers are asked what is open; else only what they said before counts. */
export async function proofRecord(
  dir: string,
  fixed: FixedGraph,
  reports: readonly WitnessReport[],
  ask: AskProofs | null,
): Promise<ProofRecord> {
  const statements = [...arithmeticStatements(fixed)];
  const tested: ProofRecord['tested'][number][] = [];
  for (const backend of BACKENDS) {
    const part = backend.title;
    const found = await proofsOf(dir, backend, ask);
    const by = ranBy(backend, reports);
    statements.push(...(found?.statements ?? []).map((s) => ({ part, ...s })));
    if (found !== null) tested.push(...found.tested.map((t) => ({ part, ...t, by })));
    else if (by.length > 0) tested.push({ part, what: 'every value and decision', of: [], by });
  }
  return { statements, tested };
}
