/**
 * What text headers of several formats share: fields in braces, `{ KEY = VALUE; … }` (EDF and SMV), their numbers with
 * units as facts, and the words for the order of bytes.
 */
import { UserError } from '../../core/errors.js';
import { warning, type Note } from '../notes.js';
import { parseMeasure, unitFactor, unitNames, type Dimension } from '../units.js';

export type Fields = ReadonlyMap<string, string>;

/** Keys in lower case with their values as written. Later keys win. */
export function parseBraceHeader(text: string): Fields {
  const fields = new Map<string, string>();
  for (const statement of text
    .replace(/^\s*\{/, '')
    .replace(/\}\s*$/, '')
    .split(';')) {
    const equals = statement.indexOf('=');
    if (equals <= 0) continue;
    fields.set(statement.slice(0, equals).trim().toLowerCase(), statement.slice(equals + 1).trim());
  }
  return fields;
}

/** Facts that are numbers with a unit: their dimension, and the unit that their name states. */
const MEASURES: Readonly<Record<string, readonly [Dimension, number]>> = {
  wavelengthAngstrom: ['length', 1e-10],
  wavelengthM: ['length', 1],
  distanceM: ['length', 1],
  distanceMm: ['length', 1e-3],
  pixelSizeMm: ['length', 1e-3],
  pixelSizeXM: ['length', 1],
  pixelSizeYM: ['length', 1],
  pixelSizeXMm: ['length', 1e-3],
  pixelSizeYMm: ['length', 1e-3],
  beamXMm: ['length', 1e-3],
  beamYMm: ['length', 1e-3],
  beamXPixels: ['pixels', 1],
  beamYPixels: ['pixels', 1],
  photonEnergyEv: ['energy', 1],
};

export interface HeaderFacts {
  readonly details: Readonly<Record<string, string | number>>;
  /** Values that were not understood, and so not used. */
  readonly notes: readonly Note[];
}

/**
 * The values of `fields` under the names of `names`. Where the name states a unit, the value is turned from the unit that
 * stands behind it into that one, which is also the unit of a number alone; other values are numbers or text.
 */
export function factsOf(
  file: string,
  fields: Fields,
  names: Readonly<Record<string, keyof typeof MEASURES>>,
): HeaderFacts {
  const details: Record<string, string | number> = {};
  const notes: Note[] = [];
  for (const [key, name] of Object.entries(names)) {
    const text = fields.get(key);
    if (text === undefined || text === '') continue;
    const measure = MEASURES[name];
    if (measure === undefined) {
      details[name] = Number.isFinite(Number(text)) ? Number(text) : text;
      continue;
    }
    const found = measured(text, name, measure);
    if (found !== null) details[found.name] = found.value;
    else {
      const known = `neither a number nor one in ${unitNames(measure[0])}`;
      notes.push(warning('geometry', file, key, `is '${text.slice(0, 40)}', ${known}, and was not used`));
    }
  }
  return { details, notes };
}

function measured(
  text: string,
  name: string,
  [dimension, own]: readonly [Dimension, number],
): { readonly name: string; readonly value: number } | null {
  const measure = parseMeasure(text);
  if (measure === null) return null;
  const { value, unit } = measure;
  if (unit === null) return { name, value };
  const factor = unitFactor(dimension, unit);
  // The nearest number to the quotient, not to a product of rounded factors: 150 mm are 0.15 m.
  if (factor !== null)
    return { name, value: own >= factor ? value / (own / factor) : value * (factor / own) };
  // A beam in pixels may be stated as a length.
  const length = dimension === 'pixels' ? unitFactor('length', unit) : null;
  return length === null ? null : { name: name.replace('Pixels', 'Mm'), value: (value * length) / 1e-3 };
}

/** Whether `text` says little endian. Throws `UserError` where it is none of the words in `words`. */
export function isLittleEndian(
  file: string,
  field: string,
  text: string | undefined,
  words: { readonly little: RegExp; readonly big: RegExp },
): boolean {
  if (text === undefined || text.trim() === '' || words.little.test(text.trim())) return true;
  if (words.big.test(text.trim())) return false;
  throw new UserError(`is '${text.trim()}', no order of bytes that is known`, {
    file,
    field,
    remedy: 'correct the header: the pixels depend on it',
  });
}

/**
 * Where the header at the start of `text` ends: its brace, and the byte behind its line. The brace follows a `;`, stands
 * first in its line, or follows the opening brace; one inside a value does not count. Null where `text` has not all of it.
 */
export function endOfHeader(text: string): { readonly brace: number; readonly line: number } | null {
  const open = text.indexOf('{');
  for (let brace = text.indexOf('}', open); brace >= 0; brace = text.indexOf('}', brace + 1)) {
    const before = /([^ \t]?)[ \t]*$/.exec(text.slice(open + 1, brace))![1]!;
    if (before !== '' && !';\n\r\0'.includes(before)) continue;
    const line = text[brace + 1] === '\r' && text[brace + 2] === '\n' ? 3 : text[brace + 1] === '\n' ? 2 : 1;
    return { brace, line: brace + line };
  }
  return null;
}
