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

const areClasses = (folders: readonly string[]): boolean => folders.every((name) => /^[1-5]$/.test(name));

/** Whether the folders of classes are those of the real sets, which tell no more than diffraction or none. */
const areTwo = (folders: readonly string[]): boolean => folders.every((name) => name === '1' || name === '2');

/**
 * The files of a DiffraNet tree in the order split, class, name; null where `folder` is not such a tree. A split may lack
 * classes; without splits the first two must be there, since a folder called 1 may be anything.
 */
export async function listDiffranet(folder: string): Promise<readonly DiffranetFile[] | null> {
  const top = await foldersOf(folder);
  if (top.includes('1') && top.includes('2') && areClasses(top))
    return listClasses(folder, top, null, areTwo(top));
  const splits: (readonly [Split, readonly string[]])[] = [];
  for (const split of SPLITS)
    if (top.includes(split)) splits.push([split, await foldersOf(join(folder, split))]);
  const classes = splits.flatMap(([, folders]) => folders);
  if (classes.length === 0 || !areClasses(classes)) return null;
  const files: DiffranetFile[] = [];
  for (const [split, folders] of splits)
    files.push(...(await listClasses(join(folder, split), folders, split, areTwo(classes))));
  return files;
}

async function listClasses(
  folder: string,
  classes: readonly string[],
  split: Split | null,
  two: boolean,
): Promise<readonly DiffranetFile[]> {
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
  if (files.length === 0 && classes.length > 0)
    throw new UserError('holds class folders without PNG files', { file: folder });
  return files;
}

export const DIFFRANET_CLASSES = CLASS_NAMES;
