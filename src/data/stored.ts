/**
 * From a file to its stored frames: which format it is of, and what that format's reader gives.
 *
 * Refuses missing files and files of no known format, with words.
 */
import { resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import { parseFrameArgument } from './arguments.js';
import { openBytes } from './formats/bytes.js';
import type { FrameFormat, MaskWishes, RawSource } from './formats/format.js';
import { FRAME_FORMATS } from './formats/index.js';
import type { OpenFramesOptions } from './open-options.js';

const HEAD_BYTES = 4096;

/** The format of `file`, by its first bytes and its name. Throws `UserError`. */
export async function formatOf(file: string): Promise<FrameFormat> {
  const bytes = await openBytes(file, resolve(file));
  return detectFormat(file, await bytes.read(0, Math.min(HEAD_BYTES, bytes.size)));
}

/** Opens one file (`FILE` or `FILE#/dataset`) as it is stored. */
export async function openRaw(argument: string, options: OpenFramesOptions = {}): Promise<RawSource> {
  const { path, dataset } = parseFrameArgument(argument);
  return openStored(path, dataset, options);
}

/** Opens `file`, or the frames in `dataset` of it, as it is stored. Throws `UserError`. */
export async function openStored(
  file: string,
  dataset: string | null,
  options: OpenFramesOptions,
): Promise<RawSource> {
  const format = await formatOf(file);
  return format.open({
    file,
    path: resolve(file),
    dataset,
    channel: options.channel ?? null,
    allowMissing: options.allowMissing ?? false,
    masks: maskWishes(options),
  });
}

/** What `--mask own…` and the options beside it say of the masks that a file carries. */
function maskWishes({ mask, maskBits }: OpenFramesOptions): MaskWishes {
  const own = /^own(?::(live|bad))?$/.exec(mask ?? '');
  return {
    polarity: own?.[1] === 'live' || own?.[1] === 'bad' ? own[1] : null,
    badBits: maskBits ?? null,
    // Whoever ignores the file's masks, or says what they mean, has looked at them.
    accept: own !== null || mask === 'none',
  };
}

function detectFormat(file: string, head: Uint8Array): FrameFormat {
  const name = file.toLowerCase().replace(/\.(gz|bz2)$/, '');
  const format = FRAME_FORMATS.find((one) => one.matches(head, name));
  if (format !== undefined) return format;
  throw new UserError('is of no format that vetoc reads', {
    file,
    remedy: `give one of ${FRAME_FORMATS.map((one) => one.name).join(', ')}`,
  });
}
