/** Numbers in words. */

/** Whole, with a comma between thousands; a fraction counts as one more. */
export const countText = (n: number): string => Math.ceil(n).toLocaleString('en-US');

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes with three digits. */
export function sizeText(bytes: number): string {
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  return `${Number((bytes / 1000 ** unit).toPrecision(3))} ${UNITS[unit]!}`;
}
