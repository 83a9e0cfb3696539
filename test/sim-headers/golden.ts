/**
 * The vendor's bits, and whether our headers compute them: every case of every suite, a quarter of an hour of one
 * core for the vendor's headers, three minutes for ours.
 *
 *   .ci/fetch-test-tools.sh && npx tsx test/sim-headers/golden.ts update [SUITE...]   (writes golden.json; resumes)
 *   npx tsx test/sim-headers/golden.ts check [SUITE...]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Group } from './cases.js';
import { SUITES } from './cases.js';
import { hashGroups, haveVendorHeaders, OUR_HEADERS, VENDOR_HEADERS } from './harness.js';

/** Groups between two writes of the file: what a kill costs. */
const PART = 100;
const file = join(import.meta.dirname, 'golden.json');
const golden: Record<string, string> = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)
  : {};

async function update(name: string, groups: readonly Group[]): Promise<void> {
  if (!haveVendorHeaders) throw new Error('no vendor headers: run .ci/fetch-test-tools.sh');
  const hashes = (golden[name] ?? '').split(' ').filter((hash) => hash !== '');
  while (hashes.length < groups.length) {
    hashes.push(...(await hashGroups(VENDOR_HEADERS, groups.slice(hashes.length, hashes.length + PART))));
    golden[name] = hashes.join(' ');
    writeFileSync(file, `${JSON.stringify(golden, null, 2)}\n`);
    process.stderr.write(`\r${name} ${hashes.length}/${groups.length}  `);
  }
}

async function check(name: string, all: readonly Group[]): Promise<void> {
  const expected = (golden[name] ?? '').split(' ').filter((hash) => hash !== '');
  const groups = all.slice(0, expected.length);
  if (groups.length < all.length)
    console.log(`${name}: the vendor's bits of ${all.length - groups.length} groups are not recorded`);
  const found = await hashGroups(OUR_HEADERS, groups);
  const wrong = groups.filter((_, i) => found[i] !== expected[i]);
  const cases = groups.reduce((sum, g) => sum + g.cases.length, 0);
  console.log(`${name}: ${wrong.length} of ${groups.length} groups (${cases} pairs of formats) differ`);
  for (const { name: group } of wrong.slice(0, 20)) console.log(`  ${group}`);
  if (wrong.length > 0) process.exitCode = 1;
}

const [mode, ...names] = process.argv.slice(2);
const work = { update, check }[mode ?? ''];
if (work === undefined) throw new Error('say update or check');
for (const name of names.length > 0 ? names : Object.keys(SUITES)) await work(name, SUITES[name]!());
