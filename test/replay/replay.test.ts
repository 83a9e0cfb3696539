import { describe, expect, it } from 'vitest';
import { emitAll } from './emit.js';
import { manifestDifferences, readManifest } from './manifest.js';

describe('what is emitted', () => {
  it('is what the manifest says (npm run replay shows a difference, npm run replay -- --renew takes it in)', async () => {
    expect(manifestDifferences(readManifest(), await emitAll())).toEqual([]);
  });
});
