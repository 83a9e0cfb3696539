import { describe, expect, it } from 'vitest';
import type { Group } from './cases.js';
import { groupHash } from './hash.js';
import { hashGroups, haveVendorHeaders, OUR_HEADERS, VENDOR_HEADERS } from './harness.js';
import { readGolden } from './recorded.js';
import { SUITES } from './suites.js';

// `golden.ts check` compares everything; `.ci/run` a new share of it every time.

/** Every `step`th recorded group, with what the vendor's headers computed. */
function sample(suite: string, step: number): { readonly groups: Group[]; readonly hashes: string[] } {
  const golden = readGolden(suite);
  const all = SUITES[suite]!();
  const picked = all.map((_, i) => i).filter((i) => i % step === 0);
  return { groups: picked.map((i) => all[i]!), hashes: picked.map((i) => golden[i]!) };
}

describe('the recording', () => {
  it('holds every group of every suite', () => {
    for (const suite of Object.keys(SUITES))
      expect(readGolden(suite).length, suite).toBe(SUITES[suite]!().length);
  });
});

describe('src/fixed', () => {
  it.each([
    ['smallAssignments', 1],
    ['randomAssignments', 2],
    ['edgeAssignments', 1],
    ['smallConstructions', 1],
    ['doubleConstructions', 2],
  ])("computes the vendor's bits in %s", (suite, step) => {
    const { groups, hashes } = sample(suite, step);
    expect(groups.length).toBeGreaterThan(0);
    groups.forEach((group, i) => {
      if (group.cases.some((c) => c.expected === undefined)) return;
      expect(groupHash(group.cases.map((c) => c.expected!())), group.name).toBe(hashes[i]);
    });
  });
});

describe('the stand-in headers', () => {
  it.each([
    ['smallAssignments', 160],
    ['randomAssignments', 25],
    ['edgeAssignments', 16],
    ['smallConstructions', 75],
    ['doubleConstructions', 20],
    ['fixedOperators', 150],
    ['smallAccumulations', 200],
    ['edgeOperators', 32],
    ['edgeComparisons', 48],
    ['smallShifts', 6],
    ['unaryOperators', 30],
    ['intOperators', 45],
  ])("compute the vendor's bits in %s, without a warning", async (suite, step) => {
    const { groups, hashes } = sample(suite, step);
    const flags = ['-O0', '-Wall', '-Wextra', '-Werror', '-fsanitize=undefined', '-fno-sanitize-recover'];
    expect(await hashGroups(OUR_HEADERS, groups, flags)).toEqual(hashes);
  });

  it.skipIf(!haveVendorHeaders)('are compared with what the vendor’s headers still compute', async () => {
    const { groups, hashes } = sample('randomAssignments', 70);
    expect(await hashGroups(VENDOR_HEADERS, groups)).toEqual(hashes);
  });
});
