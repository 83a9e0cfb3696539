/**
 * Values as labels. Of hits only 1 and 0 are answers, and a few words: programs write 255, −1, 2, NaN or nothing where nobody
 * knows or a frame is ambiguous. A class is a whole number from 0; −1, 255, NaN and an empty text are no class.
 */

/** 1 → hit, 0 → miss, anything else → unknown. */
export function hitOfNumber(value: number): boolean | null {
  return value === 1 ? true : value === 0 ? false : null;
}

type Words = Readonly<Record<string, boolean | null>>;
const ANSWERS: Words = {
  true: true,
  yes: true,
  hit: true,
  false: false,
  no: false,
  miss: false,
  indexed: true,
  unknown: null,
  '?': null,
};

/** What a word in any case says, null where it says that nobody knows; undefined where it is no answer. */
export function answerOfWord(word: string): boolean | null | undefined {
  const known = word.trim().toLowerCase();
  return Object.hasOwn(ANSWERS, known) ? ANSWERS[known] : undefined;
}

/** Text as the number that it is; NaN where it is none. An empty text is none. */
export const numberOfValue = (value: string | number): number =>
  typeof value === 'number' ? value : value.trim() === '' ? NaN : Number(value);

/** What a stored value says of hit and miss: a number, or a word of those above. */
export function hitOfValue(value: string | number): boolean | null {
  const number = numberOfValue(value);
  return typeof value === 'string' && Number.isNaN(number)
    ? (answerOfWord(value) ?? null)
    : hitOfNumber(number);
}

/** Whether `value` is what programs write where a frame has no class. */
export function isNoClass(value: string | number): boolean {
  if (typeof value === 'string' && value.trim() !== '' && Number.isNaN(Number(value)))
    return answerOfWord(value) === null;
  const number = numberOfValue(value);
  return number === -1 || number === 255 || Number.isNaN(number);
}

/** `3 of 20 values are neither 0 nor 1 (255: 2, -1: 1)…`; null where all are. */
export function describeUnknown(
  values: readonly (string | number)[],
  isUnknown: (value: string | number) => boolean,
  what: string,
): string | null {
  const counts = new Map<string | number, number>();
  for (const value of values) if (isUnknown(value)) counts.set(value, (counts.get(value) ?? 0) + 1);
  const total = [...counts.values()].reduce((a, b) => a + b, 0);
  if (total === 0) return null;
  const listed = [...counts]
    .slice(0, 5)
    .map(([value, count]) => `${typeof value === 'string' ? `'${value.slice(0, 20)}'` : value}: ${count}`);
  const more = counts.size > listed.length ? ', …' : '';
  return `${total} of ${values.length} frames are ${what} (${listed.join(', ')}${more}) and count as unknown`;
}
