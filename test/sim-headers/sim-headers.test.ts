import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { groupHash, SUITES, type Group } from './cases.js';
import { hashGroups, haveVendorHeaders, OUR_HEADERS, VENDOR_HEADERS } from './harness.js';

// What the vendor's headers compute (golden.ts).
const golden = Object.fromEntries(
  Object.entries(
    JSON.parse(readFileSync(join(import.meta.dirname, 'golden.json'), 'utf8')) as Record<string, string>,
  ).map(([suite, hashes]) => [suite, hashes.split(' ')]),
);

/** Every `step`th group of those with a hash. */
function sample(suite: string, step: number): { readonly groups: Group[]; readonly hashes: string[] } {
  const all = SUITES[suite]!().slice(0, golden[suite]!.length);
  const picked = all.map((_, i) => i).filter((i) => i % step === 0);
  return { groups: picked.map((i) => all[i]!), hashes: picked.map((i) => golden[suite]![i]!) };
}

describe('src/fixed', () => {
  it.each([
    ['smallAssignments', 1],
    ['randomAssignments', 2],
    ['doubleConstructions', 2],
  ] as const)("computes the vendor's bits in %s", (suite, step) => {
    const { groups, hashes } = sample(suite, step);
    groups.forEach((group, i) => {
      if (group.cases.some((c) => c.expected === undefined)) return;
      expect(groupHash(group.cases.map((c) => c.expected!())), group.name).toBe(hashes[i]);
    });
  });
});

describe('the stand-in headers', () => {
  it.each([
    ['randomAssignments', 14],
    ['doubleConstructions', 10],
    ['unaryOperators', 30],
    ['intOperators', 45],
  ] as const)("compute the vendor's bits in %s, without a warning", async (suite, step) => {
    const { groups, hashes } = sample(suite, step);
    const flags = ['-O0', '-Wall', '-Wextra', '-Werror', '-fsanitize=undefined', '-fno-sanitize-recover'];
    expect(await hashGroups(OUR_HEADERS, groups, flags)).toEqual(hashes);
  });

  it.skipIf(!haveVendorHeaders)('are compared with what the vendor’s headers still compute', async () => {
    const { groups, hashes } = sample('randomAssignments', 70);
    expect(await hashGroups(VENDOR_HEADERS, groups)).toEqual(hashes);
  });
});
