/**
 * The vendor's bits, and whether our headers compute them: every case of every suite, half an hour of one core for
 * the vendor's headers, six minutes for ours.
 *
 *   .ci/fetch-test-tools.sh && npx tsx test/sim-headers/golden.ts update [SUITE...]   (writes golden.json; resumes)
 *   npx tsx test/sim-headers/golden.ts check [--share 0.05 --seed 1] [SUITE...]       (a seeded share of the groups)
 *   npx tsx test/sim-headers/golden.ts count                                          (what the suites hold)
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/core/random.js';
import type { Group } from './cases.js';
import { groupHash } from './hash.js';
import { hashGroups, haveVendorHeaders, OUR_HEADERS, VENDOR_HEADERS } from './harness.js';
import { GOLDEN_FILE, readGolden } from './recorded.js';
import { SUITES } from './suites.js';

/** Groups between two writes of the file: what a kill costs. */
const PART = 50;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { share: { type: 'string', default: '1' }, seed: { type: 'string', default: '1' } },
});
const share = Number(values.share);
if (!(share > 0 && share <= 1)) throw new Error(`--share ${values.share} is not above 0 and up to 1`);

async function update(name: string, groups: readonly Group[]): Promise<void> {
  if (!haveVendorHeaders) throw new Error('no vendor headers: run .ci/fetch-test-tools.sh');
  const hashes = [...readGolden(name)];
  while (hashes.length < groups.length) {
    hashes.push(...(await hashGroups(VENDOR_HEADERS, groups.slice(hashes.length, hashes.length + PART))));
    const all = Object.keys(SUITES).map(
      (suite) => [suite, suite === name ? hashes : readGolden(suite)] as const,
    );
    const lines = all
      .filter(([, found]) => found.length > 0)
      .map(([suite, found]) => [suite, found.join(' ')]);
    writeFileSync(GOLDEN_FILE, `${JSON.stringify(Object.fromEntries(lines), null, 2)}\n`);
    process.stderr.write(`\r${name} ${hashes.length}/${groups.length}  `);
  }
}

const sum = (groups: readonly Group[], of: (c: Group['cases'][number]) => number): number =>
  groups.reduce((total, g) => total + g.cases.reduce((n, c) => n + of(c), 0), 0);

/** Whether `src/fixed` computes another hash than was recorded; a group with operations that it lacks is passed over. */
const formatsDiffer = (group: Group, recorded: string): boolean =>
  group.cases.every((c) => c.expected !== undefined) &&
  groupHash(group.cases.map((c) => c.expected!())) !== recorded;

async function check(name: string, all: readonly Group[]): Promise<void> {
  const recorded = readGolden(name);
  const random = createRandom(Number(values.seed)).fork(name);
  const picked = [...recorded.keys()].filter(() => random.uniform() < share);
  const groups = picked.map((i) => all[i]!);
  if (recorded.length < all.length)
    console.log(`${name}: the vendor's bits of ${all.length - recorded.length} groups are not recorded`);
  const found = await hashGroups(OUR_HEADERS, groups);
  const wrong = groups.filter((_, i) => found[i] !== recorded[picked[i]!]);
  const wrongFormats = groups.filter((g, i) => formatsDiffer(g, recorded[picked[i]!]!));
  const inFixed = groups.filter((g) => g.cases.every((c) => c.expected !== undefined));
  console.log(
    `${name}: ${groups.length} of ${all.length} groups, ${sum(groups, () => 1)} pairs of types, ` +
      `${sum(groups, (c) => c.values)} values: the headers differ in ${wrong.length} groups, ` +
      `src/fixed in ${wrongFormats.length} of ${inFixed.length}`,
  );
  for (const { name: group } of [...wrong, ...wrongFormats].slice(0, 20)) console.log(`  ${group}`);
  if (wrong.length + wrongFormats.length > 0) process.exitCode = 1;
}

function count(name: string, groups: readonly Group[]): Promise<void> {
  console.log(
    `${name}: ${groups.length} groups (${readGolden(name).length} recorded), ` +
      `${sum(groups, () => 1)} pairs of types, ${sum(groups, (c) => c.values)} values`,
  );
  return Promise.resolve();
}

const [mode, ...names] = positionals;
const work = { update, check, count }[mode ?? ''];
if (work === undefined) throw new Error('say update, check or count');
for (const name of names.length > 0 ? names : Object.keys(SUITES)) await work(name, SUITES[name]!());
