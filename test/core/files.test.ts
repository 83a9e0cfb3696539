/** Folders and files that cannot be made say why; files are told apart however they are called. */
import { linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type * as Files from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { fileIdentity, makeFolder, writeFileAtomic } from '../../src/core/files.js';
import { problemOf } from '../../src/core/problems.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-files-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A disk that is read-only, as Node 20 to 24 tell of it on Linux: asked for several folders at once, it says that they do not exist. */
const readOnly = join(folder, 'disk');
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof Files>();
  const mkdir = (path: string, options?: { readonly recursive?: boolean }): Promise<unknown> => {
    if (!path.startsWith(readOnly)) return real.mkdir(path, options);
    const code = options?.recursive === true ? 'ENOENT' : 'EROFS';
    return Promise.reject(Object.assign(new Error(code), { code, path }));
  };
  return { ...real, mkdir };
});

describe('a folder that cannot be made', () => {
  it('is told as what it is on a disk that is read-only', async () => {
    for (const making of [makeFolder(join(readOnly, 'a/b')), writeFileAtomic(join(readOnly, 'a/b/c'), '')]) {
      const error: unknown = await making.then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(problemOf(error)).toEqual({ text: `${readOnly}: the disk is read-only`, kind: 'input' });
    }
  });

  it('is told as a file in the way', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(makeFolder(join(folder, 'file/below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('is made with those above it otherwise', async () => {
    await makeFolder(join(folder, 'a/b/c'));
    await writeFileAtomic(join(folder, 'a/b/c/d'), 'content');
  });
});

describe('the identity of a file', () => {
  const path = join(folder, 'one');

  it('is one by whatever link, and another for another file', () => {
    writeFileSync(path, '');
    writeFileSync(`${path}-other`, '');
    symlinkSync(path, `${path}-soft`);
    linkSync(path, `${path}-hard`);
    const own = fileIdentity(path);
    expect(own).not.toBeNull();
    expect([fileIdentity(`${path}-soft`), fileIdentity(`${path}-hard`)]).toEqual([own, own]);
    expect(fileIdentity(`${path}-other`)).not.toBe(own);
  });

  it('is none for a path that no file can have, as a damaged list names it', () => {
    const wrong = [`${path}\0x`, `${path}/below`, join(folder, 'x'.repeat(5000)), join(folder, 'missing')];
    expect(wrong.map(fileIdentity)).toEqual([null, null, null, null]);
  });
});
