/**
 * Which of a project's proofs hold of the files that stand there now. `make prove`, and vetoc where it is asked to, leave
 * beside each proof the SHA-256 of all that Yosys read: a proof counts while these are the hashes of the files.
 */
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../../core/files.js';
import { died, runProcess } from '../../simulate/process.js';
import type { AskProofs, ProjectProofs, Statement } from '../backend.js';
import { shortVersion } from './synthesis/yosys.js';
import { parseProofs, PROOF_LIST, type ListedProof } from './proof-list.js';

const YOSYS = 'yosys';
/** One proof takes seconds; what takes this long comes to no end. */
const MOST_SECONDS = 900;
/** What Yosys ends with where it found a counterexample. */
const REFUTED = /proof did fail/;

const resultOf = (name: string): string => join('build', 'formal', `${name}.txt`);

/** A line a file as `sha256sum` writes them; null where a file cannot be read. */
async function hashLines(folder: string, files: readonly string[]): Promise<string[] | null> {
  const lines = await Promise.all(
    files.map(async (path) => {
      const content = await readFile(join(folder, path)).catch(() => null);
      return content === null ? null : `${createHash('sha256').update(content).digest('hex')}  ${path}`;
    }),
  );
  const missing = lines.includes(null);
  return missing ? null : (lines as string[]);
}

type Verdict = Pick<Statement, 'verdict' | 'by' | 'why'>;
const open = (why: string): Verdict => ({ verdict: 'open', by: 'Yosys', why });

/** What was proved before, where it was proved of these very files. */
async function knownVerdict(folder: string, name: string, hashes: readonly string[]): Promise<Verdict> {
  const text = await readFile(join(folder, resultOf(name)), 'utf8').catch(() => null);
  if (text === null) return open('nobody has asked yet');
  const lines = text.trimEnd().split('\n');
  const changed = hashes.filter((line) => !lines.includes(line)).map((line) => line.slice(66));
  if (changed.length > 0) return open(`proved before ${changed.join(', ')} became what it is now`);
  const by = shortVersion(lines.find((line) => line.startsWith('# '))?.slice(2) ?? 'Yosys');
  return { verdict: 'proved', by, why: null };
}

/** Its version; null where there is none. */
async function yosysVersion(): Promise<string | null> {
  const said = await runProcess(YOSYS, ['-V']);
  return said.kind === 'finished' && said.code === 0 ? shortVersion(said.stdout) : null;
}

async function askYosys(
  folder: string,
  { name, files }: ListedProof,
  hashes: readonly string[],
  by: string,
): Promise<Verdict> {
  const result = join(folder, resultOf(name));
  const said = await runProcess(YOSYS, ['-qq', '-s', files[0]!], {
    cwd: folder,
    timeoutSeconds: MOST_SECONDS,
  });
  if (said.kind === 'finished' && said.code === 0) {
    await writeFileAtomic(result, [...hashes, `# ${by}`, ''].join('\n'));
    return { verdict: 'proved', by, why: null };
  }
  await rm(result, { force: true });
  if (said.kind === 'missing') return open('Yosys is not installed');
  if (said.kind === 'timeout') return open(`Yosys was given up after ${said.seconds} seconds`);
  const words = `${said.stdout}${said.stderr}`.trim();
  if (REFUTED.test(words)) return { verdict: 'refuted', by, why: `see it: yosys ${files[0]!} in ${folder}` };
  return open(`Yosys ended without an answer: ${died(said) ?? words.split('\n').at(-1) ?? ''}`);
}

/** The proofs of the project in `folder`; null where it has no list of them. With `ask`, Yosys is asked what is open. */
export async function proofsIn(folder: string, ask: AskProofs | null): Promise<ProjectProofs | null> {
  const file = join(folder, PROOF_LIST);
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  const { proofs, tested } = parseProofs(text, file);
  const version = ask === null ? null : await yosysVersion();
  const statements: Statement[] = [];
  for (const [done, proof] of proofs.entries()) {
    ask?.onProgress(done, proofs.length);
    const { claim, about, reach, files } = proof;
    const hashes = await hashLines(folder, files);
    let found =
      hashes === null ? open('a file of it is missing') : await knownVerdict(folder, proof.name, hashes);
    if (found.verdict === 'open' && hashes !== null && ask !== null)
      found =
        version === null ? open('Yosys is not installed') : await askYosys(folder, proof, hashes, version);
    statements.push({ claim, about, reach, files, ...found });
  }
  return { statements, tested };
}
