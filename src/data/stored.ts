/**
 * From a file to its stored frames: which format it is of, and what that format's reader gives.
 *
 * Refuses missing files and files of no known format, with words.
 */
import { resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import { GIVE_UP_SECONDS } from '../core/time-limit.js';
import { parseFrameArgument } from './arguments.js';
import { openBytes } from './formats/bytes.js';
import type { FrameFormat, MaskWishes, RawSource } from './formats/format.js';
import { FRAME_FORMATS } from './formats/index.js';
import { warning, withNotes, type Note } from './notes.js';
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

/**
 * Opens `file`, or the frames in `dataset` of it, as it is stored; without either those at `stated`, where they are there.
 * Throws `UserError`.
 */
export async function openStored(
  file: string,
  dataset: string | null,
  options: OpenFramesOptions,
  stated: string | null = null,
): Promise<RawSource> {
  const format = await formatOf(file);
  refuseIdle(file, dataset, format, options);
  const raw = await format.open({
    file,
    path: resolve(file),
    dataset,
    stated,
    channel: options.channel ?? null,
    allowMissing: options.allowMissing ?? false,
    masks: maskWishes(options),
    giveUpSeconds: options.giveUpSeconds ?? GIVE_UP_SECONDS,
  });
  return withNotes(raw, idleMaskNotes(raw, options));
}

/** Refuses a path and a channel where the format has neither: they would choose nothing. */
function refuseIdle(
  file: string,
  dataset: string | null,
  format: FrameFormat,
  { channel }: OpenFramesOptions,
): void {
  if (format.hasDatasets === true) return;
  const named = FRAME_FORMATS.filter((one) => one.hasDatasets === true).map((one) => one.name);
  if (dataset !== null) {
    throw new UserError(`is ${format.name}, which has no datasets`, {
      file,
      field: `#${dataset}`,
      remedy: `leave the path out: only ${named.join(', ')} has datasets`,
    });
  }
  if ((channel ?? 0) !== 0) {
    throw new UserError(`is ${channel}, but ${format.name} has no channels`, {
      file,
      field: '--channel',
      remedy: 'leave it out',
    });
  }
}

/** What was said of masks that the file does not carry. */
function idleMaskNotes(raw: RawSource, { mask, maskBits }: OpenFramesOptions): readonly Note[] {
  if (raw.details['mask'] !== undefined) return [];
  const text = 'has no effect: the file carries no mask that is known';
  return [
    ...(maskBits === undefined ? [] : [warning('mask', raw.file, '--mask-bits', text)]),
    ...(mask !== undefined && /^own:/.test(mask) ? [warning('mask', raw.file, `--mask ${mask}`, text)] : []),
  ];
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
