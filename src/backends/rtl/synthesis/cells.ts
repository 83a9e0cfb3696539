/** What Yosys says of a synthesized design: cells of every module, and which module each instance is of. */
import { z } from 'zod';
import { invariant } from '../../../core/errors.js';
import { jsonOrUndefined } from '../../../core/json.js';
import type { Cells } from './families.js';

const modulesSchema = z.record(
  z.string(),
  z.object({ num_cells_by_type: z.record(z.string(), z.number()).default({}) }),
);

/** Cells of each module by type, modules in it among them. Yosys 0.23 writes text of its own behind the modules. */
export function parseStatistics(text: string): Readonly<Record<string, Cells>> {
  const found = /"modules":\s*(\{[^]*?\n {3}\})/.exec(text);
  const modules = modulesSchema.safeParse(jsonOrUndefined(found?.[1] ?? ''));
  invariant(modules.success, 'the statistics of Yosys have another form');
  return Object.fromEntries(
    Object.entries(modules.data).map(([name, m]) => [plainName(name), m.num_cells_by_type]),
  );
}

const plainName = (name: string): string => name.replace(/^\\/, '');

/** The module of each instance, by the instance's name, in what `dump` writes of cells. */
export const parseInstances = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/^\s*cell (\S+) \\(\S+)$/gm)].map(([, type, name]) => [name!, plainName(type!)]));

/** Cells of `module` with all modules in it, by type. */
export function wholeCells(module: string, modules: Readonly<Record<string, Cells>>): Cells {
  const sum: Record<string, number> = {};
  for (const [type, count] of Object.entries(modules[module] ?? {})) {
    const inner = modules[plainName(type)];
    const cells = inner === undefined ? { [type]: 1 } : wholeCells(plainName(type), modules);
    for (const [cell, n] of Object.entries(cells)) sum[cell] = (sum[cell] ?? 0) + n * count;
  }
  return sum;
}
