import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGraph, writeGraph } from '../../src/ir/graph-files.js';
import { printGraph } from '../../src/ir/serialize.js';
import { smallGraph } from './small-graphs.js';

const graph = smallGraph([2, 3], 100, []);

async function inFolder(body: (path: (name: string) => string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'graph-'));
  try {
    await body((name) => join(folder, name));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('a graph on the disk', () => {
  it('is a header, its numbers and a text beside each other, and reads back the same', () =>
    inFolder(async (path) => {
      await writeGraph(path('a.json.json'), 'fixed', graph);
      expect((await readdir(path('.'))).sort()).toEqual(['a.json.bin', 'a.json.json', 'a.json.txt']);
      expect(await readFile(path('a.json.txt'), 'utf8')).toBe(printGraph('fixed', graph));
      expect(await readGraph(path('a.json.json'), 'fixed')).toEqual(graph);
    }));

  it('names the file that is missing, and what to name instead', () =>
    inFolder(async (path) => {
      const remedy = 'name the folder of a finished run (vetoc run makes one)';
      await expect(readGraph(path('a.json'), 'fixed')).rejects.toMatchObject({
        name: 'UserError',
        message: `${path('a.json')}: cannot be read (ENOENT) — ${remedy}`,
      });
      await writeGraph(path('a.json'), 'fixed', graph);
      await rm(path('a.bin'));
      await expect(readGraph(path('a.json'), 'fixed')).rejects.toThrow(
        `${path('a.bin')}: cannot be read (ENOENT) — ${remedy}`,
      );
      await writeFile(path('b.json'), '{');
      await writeFile(path('b.bin'), '');
      await expect(readGraph(path('b.json'), 'fixed')).rejects.toThrow(`${path('b.json')}: not JSON`);
    }));
});
