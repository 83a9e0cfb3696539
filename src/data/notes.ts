/**
 * What was taken from where, and what was left unused: the notes that an opened source carries.
 *
 * Whoever reads something from a file says so here: a mask, a geometry, a wavelength, labels. Whoever meets something
 * that it does not understand and goes on says that too, as a warning with its name; `--strict` makes an error of it.
 */
import { UserError } from '../core/errors.js';

/** What a note is about; `unused` is what a file holds and nobody read. */
export type NoteSubject = 'frames' | 'mask' | 'values' | 'geometry' | 'wavelength' | 'labels' | 'unused';

export interface Note {
  /** `taken`: it was understood and used. `warning`: it was not understood, not used, or guessed. */
  readonly kind: 'taken' | 'warning';
  readonly about: NoteSubject;
  /** The file as the user named it. */
  readonly file: string;
  /** The dataset, key, line or column, or null where the file itself is meant. */
  readonly field: string | null;
  /** One sentence without file and field: `no panel has this name`. */
  readonly text: string;
  /** Files that say the same; 1 where absent. */
  readonly files?: number;
}

export function taken(about: NoteSubject, file: string, field: string | null, text: string): Note {
  return { kind: 'taken', about, file, field, text };
}

export function warning(about: NoteSubject, file: string, field: string | null, text: string): Note {
  return { kind: 'warning', about, file, field, text };
}

/** What a note says of a mask that nobody took. */
export const NOT_USED = 'is called a mask and was not used';

/** A note as one line. */
export function describeNote(note: Note): string {
  const more = (note.files ?? 1) > 1 ? ` (and ${note.files! - 1} more files)` : '';
  return [`${note.file}${more}`, ...(note.field === null ? [] : [note.field]), note.text].join(': ');
}

/** What a note says, whichever file says it. */
export const statementOf = ({ kind, about, field, text }: Note): string =>
  JSON.stringify([kind, about, field, text]);

/** The notes of several files: what they say alike is said once, with the number of files. */
export function mergeNotes(lists: readonly (readonly Note[])[]): readonly Note[] {
  const merged = new Map<string, Note>();
  for (const note of lists.flat()) {
    const key = statementOf(note);
    const known = merged.get(key);
    if (known === undefined) merged.set(key, note);
    else if (known.file !== note.file)
      merged.set(key, { ...known, files: (known.files ?? 1) + (note.files ?? 1) });
  }
  return [...merged.values()];
}

/** `source` with further notes. */
export function withNotes<T extends { readonly notes?: readonly Note[] }>(
  source: T,
  notes: readonly Note[],
): T {
  return notes.length === 0 ? source : { ...source, notes: [...(source.notes ?? []), ...notes] };
}

export const warningsOf = (notes: readonly Note[] = []): readonly Note[] =>
  notes.filter((note) => note.kind === 'warning');

/** What `--strict` does: throws a `UserError` with the first warning, and how many follow it. */
export function refuseWarnings(notes: readonly Note[] | undefined): void {
  const warnings = warningsOf(notes);
  const [first, ...rest] = warnings;
  if (first === undefined) return;
  const others = rest.length === 0 ? '' : `, and ${rest.length} more: ${rest.map(describeNote).join('; ')}`;
  throw new UserError(`${first.text}${others}`, {
    file: first.file,
    ...(first.field === null ? {} : { field: first.field }),
    remedy: 'mend it, or leave out --strict',
  });
}
