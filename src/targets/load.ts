/** Reading targets from the package's `targets/` folder or from a file of the user's. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../core/errors.js';
import { targetSchema, type FpgaTarget, type Target } from './target.js';
import { parseJsonAs } from '../core/json.js';

/** `src/targets` and `dist/targets` lie equally deep. */
const folder = fileURLToPath(new URL('../../targets/', import.meta.url));

/** A target from its JSON text; `file` is named in errors. */
export const parseTarget = (text: string, file: string): Target =>
  parseJsonAs(targetSchema, text, file, 'compare it with a file in targets/');

/** All targets that come with vetoc, by name. */
export async function listTargets(): Promise<readonly Target[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(
    files.map(async (name) => parseTarget(await readFile(join(folder, name), 'utf8'), name)),
  );
}

/** A target by name, or from a path that ends in `.json`. */
export async function loadTarget(nameOrPath: string): Promise<Target> {
  if (nameOrPath.endsWith('.json')) {
    try {
      return parseTarget(await readFile(nameOrPath, 'utf8'), nameOrPath);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`, {
        file: nameOrPath,
      });
    }
  }
  const targets = await listTargets();
  const found = targets.find((t) => t.name === basename(nameOrPath));
  if (found !== undefined) return found;
  throw new UserError(`no target is called ${nameOrPath}`, {
    field: 'target',
    remedy: `choose one of ${targets.map((t) => t.name).join(', ')}`,
  });
}

/** The same, where an FPGA is needed. */
export async function loadFpga(nameOrPath: string): Promise<FpgaTarget> {
  const target = await loadTarget(nameOrPath);
  if (target.kind === 'fpga') return target;
  throw new UserError(`${target.name} is not an FPGA`, {
    field: 'target',
    remedy: 'choose a board: vetoc targets lists them',
  });
}
