/**
 * Writes `golden.json`: what the vendor's headers compute. Takes half an hour of two cores.
 *
 *   .ci/fetch-test-tools.sh && npx tsx test/sim-headers/update-golden.ts [SUITE...]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SUITES } from './cases.js';
import { hashGroups, haveVendorHeaders, VENDOR_HEADERS } from './harness.js';

if (!haveVendorHeaders) throw new Error('no vendor headers: run .ci/fetch-test-tools.sh');
const file = join(import.meta.dirname, 'golden.json');
const golden: Record<string, string> = existsSync(file)
  ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)
  : {};
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SUITES);
for (const name of names) {
  const hashes = await hashGroups(VENDOR_HEADERS, SUITES[name]!(), ['-O0', '-w'], (done, all) => {
    process.stderr.write(`\r${name} ${done}/${all}  `);
  });
  golden[name] = hashes.join(' ');
  writeFileSync(file, `${JSON.stringify(golden, null, 2)}\n`);
  process.stderr.write('\n');
}
