/**
 * Modules of a detector that no file is of. Where nobody counts on them they are masked, with a warning; where a geometry, maps or a
 * network are of them they are refused by number. A dead module is one that --mask hides whole, or a geometry has no live pixel of.
 */
import { UserError } from '../core/errors.js';
import type { AbsentModule, RawSource } from './formats/format.js';

/** Modules that `raw` lacks and `mask` (1 live, stacked; null: all) does not hide whole. */
export function unhiddenModules(
  { absent = [], frameShape }: RawSource,
  mask: Uint8Array | null,
): readonly AbsentModule[] {
  const pixels = frameShape.slice(-2).reduce((a, b) => a * b, 1);
  return absent.filter(
    ({ place }) => mask === null || mask.subarray(place * pixels, (place + 1) * pixels).includes(1),
  );
}

/** Throws `UserError` where modules of these numbers are absent; `who` counts on them. */
export function refuseAbsent(names: readonly string[] = [], file: string, who: string): void {
  if (names.length === 0) return;
  const modules = names.length === 1 ? `module ${names[0]!} has` : `modules ${names.join(', ')} have`;
  throw new UserError(`${modules} no file, and ${who}`, {
    file,
    remedy:
      'give the files of all modules; of a dead module say so with --mask FILE that hides all of it, or go on without it with --skip-bad',
  });
}
