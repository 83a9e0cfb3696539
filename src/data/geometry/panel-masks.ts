/**
 * The masks that a panel states: `mask0_data` … `mask7_data` with their bits, or the older words `mask`, `mask_good` and
 * `mask_bad`, which are those of mask 0.
 *
 * A pixel is bad where a bad bit is set or a good bit is not (crystfel_geometry(5)).
 */
import { UserError } from '../../core/errors.js';
import type { Fields } from './statements.js';

export interface PanelMask {
  /** The key that states it, for messages: `mask0_data`. */
  readonly key: string;
  /** The dataset, with `%` where an event fills it. */
  readonly data: string;
  /** The file that holds it, as written; null: the frames' file. */
  readonly file: string | null;
  readonly goodBits: number;
  readonly badBits: number;
}

function bitsOf(file: string, panel: string, key: string, text: string | undefined): number {
  if (text === undefined) return 0;
  const value = /^(0x[\da-f]+|\d+)$/i.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value) && value <= 0xffffffff) return value;
  throw new UserError(`is '${text}', no mask of bits`, {
    file,
    field: `${panel}/${key}`,
    remedy: 'write 0xffff',
  });
}

export function parseMasks(file: string, panel: string, fields: Fields): readonly PanelMask[] {
  const masks: PanelMask[] = [];
  const names = [
    { data: 'mask', file: 'mask_file', good: 'mask_good', bad: 'mask_bad' },
    ...Array.from({ length: 8 }, (_, n) => ({
      data: `mask${n}_data`,
      file: `mask${n}_file`,
      good: `mask${n}_goodbits`,
      bad: `mask${n}_badbits`,
    })),
  ];
  for (const keys of names) {
    const data = fields.get(keys.data);
    const beside = [keys.file, keys.good, keys.bad].find((key) => fields.has(key));
    if (data === undefined) {
      if (beside === undefined) continue;
      throw new UserError(`is stated without ${keys.data}`, {
        file,
        field: `${panel}/${beside}`,
        remedy: `state ${keys.data}, the dataset of the mask`,
      });
    }
    masks.push({
      key: keys.data,
      data,
      file: fields.get(keys.file) ?? null,
      goodBits: bitsOf(file, panel, keys.good, fields.get(keys.good)),
      badBits: bitsOf(file, panel, keys.bad, fields.get(keys.bad)),
    });
  }
  return masks;
}
