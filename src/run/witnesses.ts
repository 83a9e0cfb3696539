/** The witnesses of all back ends by name, and which of them are asked when nobody says which. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Backend, WitnessRecord } from '../backends/backend.js';
import { BACKENDS } from '../backends/index.js';
import { UserError } from '../core/errors.js';

interface Placed {
  readonly backend: Backend;
  readonly record: WitnessRecord;
}

const ALL: readonly Placed[] = BACKENDS.flatMap((backend) =>
  backend.witnesses.map((record) => ({ backend, record })),
);

export const VENDOR: WitnessRecord['asked'] = 'where the vendor’s headers are';

const namesWhere = (is: (placed: Placed) => boolean): readonly string[] =>
  ALL.filter(is).map(({ record }) => record.name);

export const WITNESS_NAMES = namesWhere(() => true);

/** Those that a recipe may name; the vendor's headers take part where they are. */
export const RECIPE_WITNESSES = namesWhere(({ record }) => record.asked !== VENDOR);

/** Those that every run asks unless its recipe says otherwise. */
export const USUAL_WITNESSES = namesWhere(({ record }) => record.asked === 'always');

/** Throws `UserError` where there is none of that name. */
export function witnessOf(name: string): Placed {
  const found = ALL.find(({ record }) => record.name === name);
  if (found === undefined)
    throw new UserError(`there is no witness ${name}`, {
      field: '--witness',
      remedy: `use ${WITNESS_NAMES.join(', ')}`,
    });
  return found;
}

/** `names` with those that ask the same projects under the vendor's headers, where there are any. */
export const withVendor = (names: readonly string[], apTypes: string | undefined): readonly string[] =>
  apTypes === undefined
    ? names
    : [
        ...names,
        ...namesWhere(
          ({ backend, record }) =>
            record.asked === VENDOR && backend.witnesses.some((w) => names.includes(w.name)),
        ),
      ];

/** All that the run in `dir` and the environment have something for. */
export const witnessesFor = (dir: string, apTypes: string | undefined): readonly string[] => [
  ...withVendor(USUAL_WITNESSES, apTypes),
  ...namesWhere(
    ({ backend, record }) => record.asked === 'where its project is' && existsSync(join(dir, backend.folder)),
  ),
];

/** What must be made ready for `names` before the first frame, each in words; null where nothing takes long. */
export function preparationOf(names: readonly string[]): readonly string[] | null {
  const all = names.map((name) => witnessOf(name).record.prepares).filter((text) => text !== null);
  return all.length === 0 ? null : [...new Set(all)];
}
