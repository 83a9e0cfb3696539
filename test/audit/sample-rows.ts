/** Rows, identities and processors without any network, for tests of the ledger and what reads it. */
import type { AuditIdentity } from '../../src/audit/identity.js';
import type { FrameProcessor } from '../../src/audit/processor.js';
import { bitsOf, type FrameRow } from '../../src/audit/rows.js';
import { createRandom } from '../../src/core/random.js';

/** A kept, ordinary frame, with what `changes` say. */
export function sampleRow(frame: number, changes: Partial<FrameRow> = {}): FrameRow {
  return {
    frame,
    file: 'night.h5',
    fileIndex: frame,
    time: null,
    number: null,
    prescaled: false,
    hit: null,
    indexable: null,
    keep: true,
    className: 'Weak',
    score: 50,
    margin: 40,
    marginBits: 6,
    floatScore: 51.5,
    floatKeep: true,
    spots: 12,
    strongestSnr: 9.5,
    resolutionRadius: null,
    resolutionA: null,
    distance: null,
    meanLevel: 0.5,
    problem: null,
    ...changes,
  };
}

export const sampleIdentity = (count: number): AuditIdentity => ({
  version: 2,
  network: 'veto-test',
  networkDigest: '0123',
  classNames: ['Blank', 'No crystal', 'Weak', 'Good', 'Strong'],
  threshold: 10,
  level: 0.01,
  run: 'out/test',
  frames: ['night.h5'],
  frameOptions: {},
  count,
  height: 8,
  width: 8,
  framesDigest: '4567',
  finder: 'peakfinder8',
  finderParameters: [],
  geometry: {},
  reference: 'none',
  meter: null,
  blockFrames: 32,
});

/** Rows that depend on the frame number alone; a few are vetoed, malformed, disagreeing. */
export function inventedRow(frame: number): FrameRow {
  const random = createRandom(frame);
  if (frame % 97 === 13)
    return sampleRow(frame, { score: null, margin: null, marginBits: null, floatScore: null, floatKeep: null, spots: null, strongestSnr: null, problem: 'truncated' }); // prettier-ignore
  const score = Math.round(100 * random.normal());
  const margin = score - 10;
  return sampleRow(frame, {
    score,
    margin,
    marginBits: bitsOf(margin),
    keep: margin >= 0,
    floatScore: score + random.normal(),
    floatKeep: score + 2 * random.normal() >= 10,
    spots: random.integer(0, 30),
    hit: random.uniform() < 0.5,
    meanLevel: random.uniform(),
  });
}

/** A processor that makes rows up, `delayMs` a block. */
export function inventedProcessor(delayMs = 0): FrameProcessor {
  return {
    parallel: 2,
    process: async (indices) => {
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      return indices.map((frame) => ({ row: inventedRow(frame), features: null }));
    },
    close: () => Promise.resolve(),
  };
}
