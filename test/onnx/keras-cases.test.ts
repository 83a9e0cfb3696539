/** Files that Keras wrote, with the outputs that Keras computed (needs ../shared). */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { importNetwork } from '../../src/frontends/import-network.js';
import { parseRecipe } from '../../src/run/recipe.js';

const MODELS = resolve(dirname(fileURLToPath(import.meta.url)), '../../../shared/cases/models');

interface Case {
  readonly file: string;
  readonly frameSize: readonly [number, number];
  /** Refusing it is right as well. */
  readonly refuse?: unknown;
  readonly logits?: {
    readonly frames: string;
    readonly head: 'logits' | 'sigmoid' | 'softmax';
    readonly outputs: readonly (readonly number[])[];
    readonly tolerance: number;
  };
}

const isThere = existsSync(join(MODELS, 'expected.json'));
const cases = isThere
  ? Object.values(
      (JSON.parse(await readFile(join(MODELS, 'expected.json'), 'utf8')) as { cases: Record<string, Case> })
        .cases,
    ).filter(
      ({ file, logits, refuse }) =>
        /\.(h5|keras)$/.test(file) && logits !== undefined && refuse === undefined,
    )
  : [];

/** What the file puts out for the logits of the graph. */
function atHead(logits: Float32Array, { head, outputs }: NonNullable<Case['logits']>): readonly number[] {
  const values = outputs[0]!.length === 1 ? [logits[1]! - logits[0]!] : Array.from(logits);
  if (head === 'logits') return values;
  if (head === 'sigmoid') return values.map((v) => 1 / (1 + Math.exp(-v)));
  const powers = values.map((v) => Math.exp(v - Math.max(...values)));
  return powers.map((p) => p / powers.reduce((a, b) => a + b, 0));
}

describe.skipIf(!isThere)('files that Keras wrote (needs ../shared)', () => {
  it.each(cases.map((one) => [one.file, one] as const))('%s gives what Keras computed', async (file, one) => {
    const recipe = parseRecipe(await readFile(join(MODELS, 'recipe.json'), 'utf8'), 'recipe.json');
    const { graph } = await importNetwork({
      path: join(MODELS, file),
      rawSize: one.frameSize,
      preprocess: recipe.preprocess,
      classes: (logits) => ({
        classNames: ['miss', 'weak', 'hit'].slice(-logits),
        hitClasses: [false, true, true].slice(0, logits),
      }),
    });
    const { frames, outputs, tolerance } = one.logits!;
    const bytes = await readFile(join(MODELS, frames));
    const pixels = one.frameSize[0] * one.frameSize[1];
    const reference = createFloatReference(graph);
    outputs.forEach((row, k) => {
      const frame = new Uint16Array(
        bytes.buffer.slice(bytes.byteOffset + 2 * pixels * k, bytes.byteOffset + 2 * pixels * (k + 1)),
      );
      const given = atHead(reference.decide(frame).logits, one.logits!);
      expect(given).toHaveLength(row.length);
      given.forEach((value, i) => {
        expect(Math.abs(value - row[i]!)).toBeLessThanOrEqual(tolerance);
      });
    });
  });
});
