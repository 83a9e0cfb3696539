/** What the names of classes say of hit and miss. */
import { CLASS_NAMES, FIRST_HIT_CLASS } from '../frames.js';

/** Whether a folder or class name says hit or miss; null where it says neither. */
export function hitOfName(name: string): boolean | null {
  const known = CLASS_NAMES.findIndex((one) => one.toLowerCase() === name.toLowerCase());
  if (known >= 0) return known >= FIRST_HIT_CLASS;
  if (/^(hits?|crystals?|indexed|1_hit)$/i.test(name)) return true;
  if (/^(miss(es)?|no_?hits?|blanks?|background|0_miss)$/i.test(name)) return false;
  return null;
}

/** Whether class `index` of `classNames` is a hit: DiffraNet's by their order, others by their name. */
export function hitOfClass(classNames: readonly string[], index: number): boolean | null {
  const diffraNet =
    classNames.length === CLASS_NAMES.length && classNames.every((name, i) => name === CLASS_NAMES[i]);
  return diffraNet ? index >= FIRST_HIT_CLASS : hitOfName(classNames[index]!);
}
