/**
 * From an argument to its files: what a folder, a pattern or a tree of labels stands for, and which of the files are
 * modules of one detector.
 */
import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { expandArgument, type FrameArgument } from './arguments.js';
import { DIFFRANET_CLASSES, listDiffranet } from './formats/diffranet.js';
import type { FrameLabel, FrameSource } from './frames.js';
import { taken, type Note } from './notes.js';
import { groupModules, isOtherSource } from './xfel-modules.js';

export interface NamedFiles {
  /** Files that belong together stand in one list: the modules of a detector. */
  readonly groups: readonly (readonly string[])[];
  /** What folders say of each file, or null where they say nothing. */
  readonly labels: ReadonlyMap<string, FrameLabel> | null;
  /** What of a folder was left out. */
  readonly notes: readonly Note[];
}

/**
 * Of the folder of a run at the European XFEL the modules of its detector: the files beside them hold cameras, digitizers and
 * settings. Where they are of several detectors or of none, all files as they are: whoever reads them says what does not fit.
 */
function ofOneDetector(path: string, groups: NamedFiles['groups']): Pick<NamedFiles, 'groups' | 'notes'> {
  const joined = groups.filter((group) => group.length > 1);
  const others = groups.filter((group) => group.length === 1).flat();
  const isRun = joined.length === 1 && others.every(isOtherSource);
  if (!isRun || others.length === 0) return { groups, notes: [] };
  const text = `${others.length} files hold no modules of the detector and were left out, as ${basename(others[0]!)}`;
  return { groups: joined, notes: [taken('frames', path, null, text)] };
}

/** The files that `argument` names, in order. Throws `UserError` where there are none. */
export async function namedFiles(argument: FrameArgument): Promise<NamedFiles> {
  const tree = await listDiffranet(argument.path);
  if (tree === null) {
    const groups = groupModules(await expandArgument(argument));
    const isFolder = statSync(argument.path, { throwIfNoEntry: false })?.isDirectory() === true;
    return { ...(isFolder ? ofOneDetector(argument.path, groups) : { groups, notes: [] }), labels: null };
  }
  return {
    notes: [],
    groups: tree.map((one) => [one.file]),
    labels: new Map(tree.map((one) => [one.file, one.label])),
  };
}

/** `source` with what the folders say of its files. */
export function labelledByFolder(source: FrameSource, { labels }: NamedFiles): FrameSource {
  if (labels === null) return source;
  const [first] = labels.values();
  return {
    ...source,
    classNames: first!.label === null ? null : DIFFRANET_CLASSES,
    label: (index) => labels.get(source.origin(index).file)!,
  };
}
