/**
 * Links of an HDF5 file that lead nowhere, in words.
 */
import { existsSync } from 'node:fs';
import { UserError } from '../../core/errors.js';
import type { Hdf5File, Hdf5Node } from './file.js';
import { notAFile, resolveLinked } from './linked-files.js';

export type BrokenLink = Extract<Hdf5Node, { kind: 'externalLink' | 'danglingSoftLink' }>;

/** Throws the words for a link that leads nowhere. */
export function refuseLink(file: Hdf5File, path: string, node: BrokenLink): never {
  if (node.kind === 'danglingSoftLink') {
    throw new UserError(`links to ${node.target}, which does not exist`, { file: file.name, field: path });
  }
  const target = resolveLinked(file.path, node.file);
  const missing = !existsSync(target);
  const other = notAFile(target);
  throw new UserError(
    missing
      ? `links to the file ${node.file}, which is missing`
      : other !== null
        ? `links to ${node.file}, which is ${other}`
        : `links to ${node.target} in ${node.file}, which cannot be opened`,
    {
      file: file.name,
      field: path,
      remedy: missing ? `put ${node.file} beside it (${target})` : `check ${target}`,
    },
  );
}
