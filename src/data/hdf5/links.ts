/**
 * Links of an HDF5 file: where they lead, and in words where they lead nowhere.
 */
import { existsSync } from 'node:fs';
import { UserError } from '../../core/errors.js';
import type { Hdf5File, Hdf5Node } from './file.js';
import { notAFile, resolveLinked } from './linked-files.js';

export type BrokenLink = Extract<Hdf5Node, { kind: 'externalLink' | 'danglingSoftLink' }>;

/** The words for a link that leads nowhere. */
export function linkProblem(file: Hdf5File, path: string, node: BrokenLink): UserError {
  const place = { file: file.name, field: path };
  if (node.kind === 'danglingSoftLink')
    return new UserError(`links to ${node.target}, which does not exist`, place);
  const target = resolveLinked(file.path, node.file);
  const missing = !existsSync(target);
  const other = notAFile(target);
  return new UserError(
    missing
      ? `links to the file ${node.file}, which is missing`
      : other !== null
        ? `links to ${node.file}, which is ${other}`
        : `links to ${node.target} in ${node.file}, which cannot be opened`,
    { ...place, remedy: missing ? `put ${node.file} beside it (${target})` : `check ${target}` },
  );
}

/** Throws them. */
export function refuseLink(file: Hdf5File, path: string, node: BrokenLink): never {
  throw linkProblem(file, path, node);
}

const LINKS_FOLLOWED = 20;

/** `path` with every soft link on the way followed. */
export function followLinks(file: Hdf5File, path: string): string {
  let parts = path.split('/').filter((part) => part !== '');
  for (let links = 0, at = 0; at < parts.length && links < LINKS_FOLLOWED; at++) {
    const here = `/${parts.slice(0, at + 1).join('/')}`;
    const target = file.node(here).kind === 'missing' ? null : file.softLink(here);
    if (target === null) continue;
    const base = target.startsWith('/') ? [] : parts.slice(0, at);
    parts = [
      ...base,
      ...target.split('/').filter((part) => part !== '' && part !== '.'),
      ...parts.slice(at + 1),
    ];
    links++;
    at = -1;
  }
  return `/${parts.join('/')}`;
}
