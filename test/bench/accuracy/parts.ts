/** Which frames of a labelled file train, validate and test, and the simulated frames that may stand beside them. */
import type { FrameSource } from '../../../src/data/frames.js';
import { CRYSTAL_FORMS } from '../../../src/data/simulate/crystal.js';
import { simulateFramesParallel } from '../../../src/data/parallel.js';
import type { LabelledFrames } from '../../../src/train/sample-cache.js';

/** Of the five DiffraNet classes. */
export const HIT_CLASSES = [false, false, true, true, true];

export interface Parts {
  readonly train: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

/** What the training frames of an unseen test are of; the test frames are of none of it. */
export interface Seen {
  readonly crystals: readonly string[];
  readonly styles: readonly string[];
}

/** What trains: `whole` the train split, A and B two crystals and some styles of it. */
export const FOLDS: Readonly<Record<string, Seen | null>> = {
  whole: null,
  A: { crystals: ['lysozyme', 'PSII'], styles: ['counting', 'ccd'] },
  B: { crystals: ['hydrogenase', 'thermolysin'], styles: ['panels'] },
};

const all = (source: FrameSource): number[] => Array.from({ length: source.count }, (_, i) => i);
const text = (source: FrameSource, i: number, key: string): string => {
  const value = source.meta(i)[key];
  return typeof value === 'string' ? value : 'none';
};
const crystalOf = (source: FrameSource, i: number): string => text(source, i, 'cell');
const styleOf = (source: FrameSource, i: number): string => text(source, i, 'style');

const everyEighth = (indices: readonly number[]): Pick<Parts, 'train' | 'validation'> => ({
  train: indices.filter((_, i) => i % 8 !== 3),
  validation: indices.filter((_, i) => i % 8 === 3),
});

/** The split that the file declares; an eighth of the training frames validates and calibrates. */
export function splitParts(source: FrameSource): Parts {
  const isTest = (i: number): boolean => source.label(i).split === 'test';
  return {
    ...everyEighth(all(source).filter((i) => !isTest(i))),
    test: all(source).filter(isTest),
  };
}

/** Trained on the crystals and styles of `seen`; measured on hits of other crystals, in other styles. */
export function unseenParts(source: FrameSource, { crystals, styles }: Seen): Parts {
  const isHit = (i: number): boolean => HIT_CLASSES[source.label(i).label!]!;
  const crystalSeen = (i: number): boolean => crystals.includes(crystalOf(source, i));
  const styleSeen = (i: number): boolean => styles.includes(styleOf(source, i));
  return {
    ...everyEighth(
      all(source).filter(
        (i) => source.label(i).split !== 'test' && (!isHit(i) || crystalSeen(i)) && styleSeen(i),
      ),
    ),
    test: all(source).filter((i) => (!isHit(i) || !crystalSeen(i)) && !styleSeen(i)),
  };
}

export const labelledFrames = (source: FrameSource, indices: readonly number[]): LabelledFrames => ({
  count: indices.length,
  ahead: source.ahead ?? 0,
  read: async (i) => (await source.read(indices[i]!)).pixels,
  readMasked: (i) => source.read(indices[i]!),
  label: (i) => source.label(indices[i]!).label!,
});

/** Other names of the crystals of the simulation. */
const ALIASES: Readonly<Record<string, string>> = { 'photosystem-ii': 'PSII' };

/**
 * `count` simulated frames of broad variety; with `seen`, without the file's other crystals and detector styles: frames
 * of them are left out.
 */
export function simulatedBeside(
  source: FrameSource,
  count: number,
  seen: Seen | null,
): { readonly source: FrameSource; readonly indices: readonly number[] } {
  const { height, width } = source;
  const simulated = simulateFramesParallel({ seed: 1, count, height, width });
  if (seen === null) return { source: simulated, indices: all(simulated) };
  const inFile = all(source);
  const crystals = new Set(inFile.map((i) => crystalOf(source, i)));
  const styles = new Set(inFile.map((i) => styleOf(source, i)));
  const named = new Set(CRYSTAL_FORMS.map((form) => form.name));
  const indices = all(simulated).filter((i) => {
    const cell = crystalOf(simulated, i);
    const crystal = named.has(cell) ? (ALIASES[cell] ?? cell) : 'none';
    const style = styleOf(simulated, i);
    const hidden =
      (crystals.has(crystal) && crystal !== 'none' && !seen.crystals.includes(crystal)) ||
      (styles.has(style) && !seen.styles.includes(style));
    return !hidden;
  });
  return { source: simulated, indices };
}
