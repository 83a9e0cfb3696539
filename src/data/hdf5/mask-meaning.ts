/**
 * What a mask says of itself: whether not zero means live or bad, as its attributes state it.
 *
 * `meaning = "1=live, 0=masked"`, `good = 1`, `flag_meanings`, `nonzero is bad`: words of two kinds beside a 1 or a 0.
 */
import type { Hdf5File } from './file.js';

/** What not zero means. */
export type Polarity = 'live' | 'bad';

const LIVE_WORDS = 'good|live|valid|usable|used?|ok|active|unmasked|not[ _-]?masked|keep|kept|measured';
const BAD_WORDS = 'bad|dead|hot|masked(?:[ _-]?out)?|invalid|excluded?|ignored?|gaps?|defective|unusable';
const ONE = '1|non-?zero|not zero|true|one';
const ZERO = '0|(?<!non[- ]|not )zero|false';
const SIGN = String.raw`\s*(?:=|==|:|->|→|is|are|means?|for|stands for)\s*`;

/** Whether `text` has one of `numbers` beside one of `words`, in either order. */
function says(text: string, numbers: string, words: string): boolean {
  const noun = '(?:[ _-]?(?:pixels?|values?))?';
  const before = `(?<![\\w.])(?:${numbers})${noun}${SIGN}(?:a |an )?(?:${words})(?![a-z])`;
  const behind = `(?<![a-z])(?:${words})${noun}${SIGN}(?:${numbers})(?![\\w.])`;
  return new RegExp(`${before}|${behind}`, 'i').test(text);
}

/** What not zero means by `text`; null where it says nothing, or two things. */
export function polarityOfText(text: string): Polarity | null {
  const live = says(text, ONE, LIVE_WORDS) || says(text, ZERO, BAD_WORDS);
  const bad = says(text, ONE, BAD_WORDS) || says(text, ZERO, LIVE_WORDS);
  return live === bad ? null : live ? 'live' : 'bad';
}

/** `flag_values = 0, 1` with `flag_meanings = "bad good"`, as climate and NeXus files write it, in one text. */
function flagText(attributes: ReadonlyMap<string, string>): string {
  const values = attributes.get('flag_values')?.split(/[,\s]+/);
  const meanings = attributes.get('flag_meanings')?.split(/[,\s]+/);
  if (values === undefined || meanings?.length !== values.length) return '';
  return values.map((value, i) => `${value}=${meanings[i]}`).join(', ');
}

/** What the attributes of the mask at `path` say of not zero; null where they say nothing. */
export function statedPolarity(file: Hdf5File, path: string): Polarity | null {
  const attributes = new Map<string, string>();
  for (const name of file.attributeNames(path)) {
    const value = file.attribute(path, name);
    if (value !== null) attributes.set(name, Array.from(value as ArrayLike<unknown>, String).join(', '));
  }
  const texts = [...attributes].map(([name, value]) => `${value}; ${name} = ${value}`);
  return polarityOfText([...texts, flagText(attributes)].join('\n'));
}
