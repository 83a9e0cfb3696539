/**
 * From an argument to its files: what a folder, a pattern or a tree of labels stands for, and which of the files are
 * modules of one detector.
 */
import { expandArgument, type FrameArgument } from './arguments.js';
import { DIFFRANET_CLASSES, listDiffranet } from './formats/diffranet.js';
import type { FrameLabel, FrameSource } from './frames.js';
import { groupModules } from './xfel-modules.js';

export interface NamedFiles {
  /** Files that belong together stand in one list: the modules of a detector. */
  readonly groups: readonly (readonly string[])[];
  /** What folders say of each file, or null where they say nothing. */
  readonly labels: ReadonlyMap<string, FrameLabel> | null;
}

/** The files that `argument` names, in order. Throws `UserError` where there are none. */
export async function namedFiles(argument: FrameArgument): Promise<NamedFiles> {
  const tree = await listDiffranet(argument.path);
  if (tree === null) return { groups: groupModules(await expandArgument(argument)), labels: null };
  return {
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
