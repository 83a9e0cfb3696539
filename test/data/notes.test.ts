import { describe, expect, it } from 'vitest';
import { describeNote, mergeNotes, refuseWarnings, taken, warning, withNotes } from '../../src/data/notes.js';

describe('notes of a source', () => {
  const mask = taken('mask', 'a.h5', '/entry/mask', 'masks 3 pixels');
  const key = warning('geometry', 'x.geom', 'p0/foo', 'is no key of a panel');

  it('are lines that name file, field and what was done', () => {
    expect(describeNote(mask)).toBe('a.h5: /entry/mask: masks 3 pixels');
    expect(describeNote({ ...key, field: null })).toBe('x.geom: is no key of a panel');
  });

  it('that files say alike are said once, with the number of files', () => {
    const merged = mergeNotes([[mask], [key], [{ ...mask, file: 'b.h5' }], [{ ...mask, file: 'c.h5' }]]);
    expect(merged.map(describeNote)).toEqual([
      'a.h5 (and 2 more files): /entry/mask: masks 3 pixels',
      'x.geom: p0/foo: is no key of a panel',
    ]);
  });

  it('are added behind those that stand there', () => {
    expect(withNotes({ notes: [mask] }, [key]).notes).toEqual([mask, key]);
  });

  it('refuse under --strict only where one is a warning', () => {
    refuseWarnings([mask]);
    refuseWarnings(undefined);
    expect(() => refuseWarnings([mask, key, { ...key, field: 'p1/foo' }])).toThrow(
      'x.geom: p0/foo: is no key of a panel, and 1 more: x.geom: p1/foo: is no key of a panel — mend it, or leave out --strict',
    );
  });
});
