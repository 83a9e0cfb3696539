/** The options that every command with frames takes, and how it opens them. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';
import type { OpenFramesOptions } from '../data/open.js';
import { openFramesParallel } from '../data/parallel.js';
import { withoutBadFrames, type BadFrame } from '../data/stream.js';
import { startProgress } from './console.js';

/** How to name frames, for the help of every command. */
export const FRAME_HELP = `
Frames are named as FILE, FOLDER or 'PATTERN', each with #/path/to/dataset and [start:stop:step] where wanted:
  run12.cxi   'night/*.cbf'   folder/   run12.h5#/entry/data/data[0:500]   DiffraNet's folder`;

const text = z.string().min(1).exactOptional();
const flag = z.boolean().exactOptional();

/** The options as written: on the command line, or under `frames.options` of a recipe. */
export const frameOptionsSchema = z
  .strictObject({
    mask: text,
    maskRule: text,
    geometry: text,
    assemble: flag,
    labels: text,
    groups: text,
    channel: text,
    pedestal: text,
    gain: text,
    photonEnergy: text,
    scale: text,
    skipBad: flag,
  })
  .readonly();
export type FrameOptionValues = z.infer<typeof frameOptionsSchema>;

/** The frame options among all options of a command, with absolute paths: a recipe is read from any folder. */
export function statedFrameOptions(values: FrameOptionValues): FrameOptionValues {
  const names = Object.keys(frameOptionsSchema.unwrap().shape) as (keyof FrameOptionValues)[];
  const stated = Object.fromEntries(
    names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]),
  ) as FrameOptionValues;
  const { mask, geometry, labels, pedestal, gain } = stated;
  const listed = (one: string): string =>
    one
      .split(',')
      .map((part) => (Number.isFinite(Number(part)) ? part : resolve(part)))
      .join(',');
  return {
    ...stated,
    ...(mask === undefined || mask === 'none'
      ? {}
      : { mask: mask.startsWith('bad:') ? `bad:${resolve(mask.slice(4))}` : resolve(mask) }),
    ...(geometry === undefined ? {} : { geometry: resolve(geometry) }),
    ...(labels === undefined || labels === 'folders' || labels.startsWith('peaks:')
      ? {}
      : { labels: resolve(labels) }),
    ...(pedestal === undefined ? {} : { pedestal: listed(pedestal) }),
    ...(gain === undefined ? {} : { gain: listed(gain) }),
  };
}

/** Adds the options; the values go to `frameOptions` or `openFrameArguments`. */
export function addFrameOptions(command: Command): Command {
  return command
    .option(
      '--mask <file>',
      'mask file, not zero = live; bad:FILE for not zero = masked; none to ignore the file’s own',
    )
    .option('--mask-rule <rules>', 'mask by value: above:N, below:N, value:N, hot, dead, with commas between')
    .option('--geometry <file.geom>', 'CrystFEL geometry: masks what no panel covers and its bad regions')
    .option('--assemble', 'use the assembled detector instead of the stored layout (needs --geometry)')
    .option(
      '--labels <source>',
      'labels from FILE#/path, FILE.csv, FILE.stream, FILE.lst, folders, or peaks:K',
    )
    .option('--groups <by>', 'what frames share: file, folder, run, or a per-frame fact')
    .option('--channel <n>', 'channel of a dataset with a channel axis')
    .option(
      '--pedestal <files>',
      'JUNGFRAU pedestals: three .bin of float32, one .npy [3,y,x], or FILE.h5#/path',
    )
    .option(
      '--gain <gains>',
      'JUNGFRAU gains in ADU/keV: g0,g1,g2, a .npy [3,y,x], FILE.h5#/path, or a .bin of float64',
    )
    .option('--photon-energy <eV>', 'photon energy for --pedestal and --gain')
    .option('--scale <factor>', 'multiply each value before it is rounded to uint16')
    .option('--skip-bad', 'report frames and files that cannot be read, and go on without them');
}

function numberOption(
  text: string | undefined,
  field: string,
  fits: (n: number) => boolean,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !fits(value)) throw new UserError(`'${text}' is no fitting number`, { field });
  return value;
}

/** The options as the data layer takes them. Throws `UserError`. */
export function frameOptions(values: FrameOptionValues): OpenFramesOptions {
  const channel = numberOption(values.channel, '--channel', (n) => Number.isInteger(n) && n >= 0);
  const scale = numberOption(values.scale, '--scale', (n) => n > 0 && Number.isFinite(n));
  const energy = numberOption(values.photonEnergy, '--photon-energy', (n) => n > 0 && Number.isFinite(n));
  const { pedestal, gain } = values;
  const stated = [pedestal, gain, energy].filter((one) => one !== undefined).length;
  if (stated !== 0 && stated !== 3) {
    throw new UserError('JUNGFRAU needs --pedestal, --gain and --photon-energy together', {
      field: '--pedestal',
    });
  }
  return {
    ...(values.mask === undefined ? {} : { mask: values.mask }),
    ...(values.maskRule === undefined ? {} : { maskRule: values.maskRule }),
    ...(values.geometry === undefined ? {} : { geometry: values.geometry }),
    ...(values.assemble === undefined ? {} : { assemble: values.assemble }),
    ...(values.labels === undefined ? {} : { labels: values.labels }),
    ...(values.groups === undefined ? {} : { groups: values.groups }),
    ...(channel === undefined ? {} : { channel }),
    ...(scale === undefined ? {} : { scale }),
    ...(stated === 0 ? {} : { jungfrau: { pedestal: pedestal!, gain: gain!, photonEnergyEv: energy! } }),
    allowMissing: values.skipBad === true,
  };
}

/**
 * Opens frames for a command; threads read where there are many. With `--skip-bad`, files and frames that cannot be read are reported on stderr, counted
 * and left out; every frame is then read once before the command begins.
 */
export async function openFrameArguments(
  texts: readonly string[],
  values: FrameOptionValues,
): Promise<{ readonly source: FrameSource; readonly bad: readonly BadFrame[] }> {
  const options = frameOptions(values);
  if (values.skipBad !== true) return { source: await openFramesParallel(texts, options), bad: [] };
  const bad: BadFrame[] = [];
  const report = (one: BadFrame): void => {
    bad.push(one);
    process.stderr.write(
      `skipped ${one.file}${one.index < 0 ? '' : ` frame ${one.index}`}: ${one.problem}\n`,
    );
  };
  const onBadFile = (error: UserError): void => {
    report({ file: error.place.file ?? '', index: -1, problem: error.problem });
  };
  const source = await openFramesParallel(texts, { ...options, onBadFile });
  try {
    const progress = startProgress('check');
    const good = await withoutBadFrames(source, report, (done) => progress.update(done, source.count));
    progress.finish(`${good.count} frames can be read, ${bad.length} skipped`);
    return { source: good, bad };
  } catch (error) {
    await source.close();
    throw error;
  }
}
