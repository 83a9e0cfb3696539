/** Every level of the compile of a finished run as text: float → prepared → fixed → plan → schedule. */
import type { HlsOptions } from '../backends/dataflow/design.js';
import { UserError } from '../core/errors.js';
import { printGraph } from '../ir/serialize.js';
import { PROJECT_BACKENDS } from './export-project.js';
import { loadRun } from './folder.js';
import { likeOwn } from './own-firmware.js';

export const LEVELS = ['float', 'prepared', 'fixed', 'plan', 'schedule'] as const;
export type Level = (typeof LEVELS)[number];

export interface PrintRequest {
  readonly level: Level;
  /** Of plan and schedule: the back end, by name, and the board, rate and link. */
  readonly backend: string;
  readonly design: HlsOptions;
}

/** The text of one level of the run in `dir`. Throws `UserError`. */
export async function printLevel(dir: string, { level, backend, design }: PrintRequest): Promise<string> {
  const run = await loadRun(dir);
  switch (level) {
    case 'float':
      return printGraph('float', run.float);
    case 'prepared':
      return printGraph('float', await run.prepared());
    case 'fixed':
      return printGraph('fixed', run.fixed);
    case 'plan':
    case 'schedule': {
      const found = PROJECT_BACKENDS.find((one) => one.name === backend);
      const text = found?.export.levels(run.fixed, likeOwn(run.recipe, design))[level];
      if (text !== undefined) return text;
      throw new UserError(`the back end ${backend} has no ${level}`, {
        field: '--backend',
        remedy: `use one of ${PROJECT_BACKENDS.map((one) => one.name).join(', ')}`,
      });
    }
  }
}
