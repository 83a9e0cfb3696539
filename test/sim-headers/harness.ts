/**
 * Compiles `differential.cpp` against a header set and runs groups of cases through it.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Group } from './cases.js';
import { groupHash } from './hash.js';

const run = promisify(execFile);
const here = import.meta.dirname;

export const OUR_HEADERS = join(here, '../../hls-templates/sim');
/** Filled by `.ci/fetch-test-tools.sh`. */
export const VENDOR_HEADERS = process.env['VETOC_AP_TYPES'] ?? join(here, '../../.cache/ap_types');
export const haveVendorHeaders = existsSync(join(VENDOR_HEADERS, 'ap_fixed.h'));

/** Small enough for the compiler's memory: operators instantiate far more than assignments. */
const casesAFile = (line: string): number => (/^(assign|listed)_case/.test(line) ? 400 : 40);

async function hashesOfCases(
  headers: string,
  lines: readonly string[],
  flags: readonly string[],
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-differential-'));
  try {
    await writeFile(join(folder, 'cases.inc'), lines.join('\n'));
    const program = join(folder, 'differential');
    const source = join(here, 'differential.cpp');
    // The vendor's headers assert on some shifts that rounding asks for; without assertions they are defined.
    const options = ['-std=c++14', '-DNDEBUG', `-I${headers}`, `-I${folder}`, '-DCASES="cases.inc"'];
    await run('g++', [...options, ...flags, source, '-o', program], { maxBuffer: 1 << 26 });
    const { stdout } = await run(program, [], { maxBuffer: 1 << 26 });
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[1]!);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The hash of every group under `headers`; two compilers run at a time. */
export async function hashGroups(
  headers: string,
  groups: readonly Group[],
  flags: readonly string[] = ['-O0', '-w'],
  progress: (done: number, all: number) => void = () => undefined,
): Promise<readonly string[]> {
  const lines = groups.flatMap((g) => g.cases.map((c) => c.code));
  const chunks: string[][] = [];
  for (let i = 0; i < lines.length; i += chunks.at(-1)!.length)
    chunks.push(lines.slice(i, i + casesAFile(lines[i]!)));
  const results: (readonly string[])[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < chunks.length; i = next++) {
      results[i] = await hashesOfCases(headers, chunks[i]!, flags);
      progress(i + 1, chunks.length);
    }
  };
  await Promise.all([worker(), worker()]);
  const hashes = results.flat();
  let at = 0;
  return groups.map((g) => groupHash(hashes.slice(at, (at += g.cases.length))));
}
