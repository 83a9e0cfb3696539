/** What a frame brings besides its ADC values: words of gain, and the memory cell whose maps are its own. */
import { UserError } from '../../core/errors.js';
import type { RawSource } from '../formats/format.js';

/** Facts of a frame that say its memory cell. */
type Facts = Readonly<Record<string, string | number>>;

/** The memory cell of the frame that `facts` are of. Throws `UserError` where they state none. */
export function cellOf(facts: Facts, file: string, index: number): number {
  const cell = Number(facts['cellId'] ?? NaN);
  if (Number.isInteger(cell) && cell >= 0) return cell;
  const said = facts['cellId'];
  throw new UserError(
    said === undefined
      ? `does not say the memory cell of frame ${index}, and each cell has maps of its own`
      : `calls the memory cell of frame ${index} '${said}', which is no number of a cell`,
    { file, field: 'cellId', remedy: 'give files with a dataset cellId beside the frames, a number a frame' },
  );
}

/** The words of gain of `sources` in place of their ADC values. Throws `UserError` where a file has none. */
export const gainWordsAll = (sources: readonly RawSource[]): readonly RawSource[] =>
  sources.map((raw) => {
    if (raw.gainWords === undefined) refuseWithoutGains(raw);
    return { ...raw, readRaw: raw.gainWords };
  });

/** Throws `UserError`: frames without words of gain have no gain stage. */
export function refuseWithoutGains({ file, dataset }: Pick<RawSource, 'file' | 'dataset'>): never {
  throw new UserError('has no words of gain beside its frames, and they say the gain stage', {
    file,
    ...(dataset === null ? {} : { field: dataset }),
    remedy:
      'give raw AGIPD files: [n, 2, y, x] at the European XFEL, else uint16 datasets data and gain of one shape',
  });
}
