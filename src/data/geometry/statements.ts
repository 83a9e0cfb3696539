/**
 * The statements of a CrystFEL geometry file: `key = value`, `panel/key = value`, `bad…/key = value`; `;` begins a comment.
 *
 * A key without an owner is the default of the panels that are first mentioned after it. Refuses lines without `=`.
 * What is not understood, and what comes too late to have an effect, is a note.
 */
import { UserError } from '../../core/errors.js';
import { taken, warning, type Note } from '../notes.js';
import { useOfKey } from './keys.js';

/** Values by key. */
export type Fields = ReadonlyMap<string, string>;

export interface Statements {
  readonly top: Fields;
  /** In the order of their first mention; each with the defaults that stood before. */
  readonly panels: ReadonlyMap<string, Fields>;
  readonly bad: ReadonlyMap<string, Fields>;
  readonly notes: readonly Note[];
}

const isGroup = (owner: string): boolean => /^(rigid_)?group/.test(owner);

/** Values that are bad add up, those of a panel to the defaults before it (crystfel_geometry(5)); other keys have one value. */
const ADDS_UP = /^flag_(lessthan|morethan|equal)$/;

function put(fields: Map<string, string>, key: string, value: string): void {
  const before = ADDS_UP.test(key) ? fields.get(key) : undefined;
  fields.set(key, before === undefined ? value : `${before} ${value}`);
}

/** Reads the statements of `text`. `file` is for messages. */
export function parseStatements(text: string, file: string): Statements {
  const top = new Map<string, string>();
  const panels = new Map<string, Map<string, string>>();
  const bad = new Map<string, Map<string, string>>();
  const notes: Note[] = [];
  const notNeeded = new Set<string>();
  /** Keys of panels and regions, with their owner. */
  const stated = new Set<string>();
  for (const [number, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const statement = line.replace(/;.*$/, '').trim();
    if (statement === '') continue;
    const equals = statement.indexOf('=');
    if (equals < 0)
      throw new UserError(`line ${number + 1} has no '='`, { file, remedy: 'check the geometry file' });
    const name = statement.slice(0, equals).trim();
    const value = statement.slice(equals + 1).trim();
    const slash = name.indexOf('/');
    const [owner, key] = slash < 0 ? [null, name] : [name.slice(0, slash), name.slice(slash + 1)];
    if (owner !== null && isGroup(owner)) {
      notNeeded.add(owner);
      continue;
    }
    const kind = owner === null ? 'none' : owner.startsWith('bad') ? 'bad' : 'panel';
    const use = useOfKey(kind, key);
    if (use === 'unknown')
      notes.push(warning('geometry', file, name, `line ${number + 1}: this key is not known and not used`));
    else if (use === 'not followed')
      notes.push(warning('geometry', file, name, `line ${number + 1}: this key is not followed`));
    else if (use === 'not needed') notNeeded.add(key);
    if (owner === null) {
      if (use === 'panel' && panels.size > 0) notes.push(lateDefault(file, name, number + 1, panels));
      put(top, key, value);
      continue;
    }
    const table = kind === 'bad' ? bad : panels;
    if (!table.has(owner)) table.set(owner, kind === 'bad' ? new Map() : new Map(top));
    const fields = table.get(owner)!;
    if (stated.has(name) && !ADDS_UP.test(key) && fields.get(key) !== value) {
      const text = `line ${number + 1} says ${value} after ${fields.get(key)}, which counts no more`;
      notes.push(warning('geometry', file, name, text));
    }
    stated.add(name);
    put(fields, key, value);
  }
  if (notNeeded.size > 0)
    notes.push(taken('unused', file, null, `a veto does not need ${[...notNeeded].join(', ')}`));
  return { top, panels, bad, notes: merged(notes) };
}

function lateDefault(file: string, key: string, line: number, panels: ReadonlyMap<string, unknown>): Note {
  const names = [...panels.keys()];
  const listed = names.length > 4 ? `${names.slice(0, 4).join(', ')} …` : names.join(', ');
  return warning(
    'geometry',
    file,
    key,
    `line ${line} stands after the panels ${listed}, which it does not change`,
  );
}

/** One note for a key that many panels have. */
function merged(notes: readonly Note[]): readonly Note[] {
  const seen = new Map<string, { note: Note; count: number }>();
  for (const note of notes) {
    const key = `${note.kind} ${note.field?.replace(/^[^/]*\//, '') ?? note.text} ${note.text.replace(/^line \d+/, '')}`;
    const known = seen.get(key);
    if (known === undefined) seen.set(key, { note, count: 1 });
    else known.count++;
  }
  return [...seen.values()].map(({ note, count }) =>
    count === 1 ? note : { ...note, text: `${note.text}, nor in ${count - 1} more lines` },
  );
}
