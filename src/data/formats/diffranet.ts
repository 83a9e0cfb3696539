/**
 * DiffraNet's folder tree: `{train,validation,test}/{1..5}/*.png`, with the split and the class as folders.
 *
 * Classes as in Souza et al., arXiv 1904.11834: 1 Blank, 2 No crystal, 3 Weak, 4 Good, 5 Strong. The real sets have
 * two folders, 1 no diffraction and 2 diffraction: they say hit or miss and no class.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../core/errors.js';
import { CLASS_NAMES, FIRST_HIT_CLASS, type FrameLabel, type Split } from '../frames.js';

export interface DiffranetFile {
  readonly file: string;
  readonly label: FrameLabel;
}

const SPLITS: readonly Split[] = ['train', 'validation', 'test'];

async function foldersOf(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

function isClassTree(folders: readonly string[]): boolean {
  return folders.includes('1') && folders.includes('2') && folders.every((name) => /^[1-5]$/.test(name));
}

/** The files of a DiffraNet tree in the order split, class, name; null where `folder` is not such a tree. */
export async function listDiffranet(folder: string): Promise<readonly DiffranetFile[] | null> {
  const top = await foldersOf(folder);
  if (isClassTree(top)) return listClasses(folder, top, null);
  const splits = SPLITS.filter((split) => top.includes(split));
  const files: DiffranetFile[] = [];
  for (const split of splits) {
    const folders = await foldersOf(join(folder, split));
    if (!isClassTree(folders)) return null;
    files.push(...(await listClasses(join(folder, split), folders, split)));
  }
  return splits.length === 0 ? null : files;
}

async function listClasses(
  folder: string,
  classes: readonly string[],
  split: Split | null,
): Promise<readonly DiffranetFile[]> {
  const two = classes.length === 2;
  const files: DiffranetFile[] = [];
  for (const name of [...classes].sort()) {
    const label = Number(name) - 1;
    const hit = two ? label === 1 : label >= FIRST_HIT_CLASS;
    const names = (await readdir(join(folder, name)))
      .filter((file) => file.toLowerCase().endsWith('.png'))
      .sort();
    for (const file of names) {
      files.push({
        file: join(folder, name, file),
        label: { label: two ? null : label, hit, split, group: null },
      });
    }
  }
  if (files.length === 0) throw new UserError('holds class folders without PNG files', { file: folder });
  return files;
}

export const DIFFRANET_CLASSES = CLASS_NAMES;
