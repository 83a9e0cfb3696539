/** How frames are to be read, as written on the command line or in a recipe, and as the data layer takes it. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { isOwnMask, type OpenFramesOptions } from '../data/open-options.js';
import { usualLeast, USUAL_LIMIT, type CommonModeWish } from '../data/raw/common-mode.js';
import type { MapFormats } from '../data/raw/integer-maps.js';
import { MOST_COLUMNS } from '../ir/ops/common-mode.js';
import { formatOfString } from '../fixed/format.js';

const text = z.string().min(1).exactOptional();
const flag = z.boolean().exactOptional();

/** The options as written: on the command line, or under `frames.options` of a recipe. */
export const frameOptionsSchema = z
  .strictObject({
    mask: text,
    maskRule: text,
    maskBits: text,
    overloads: z.enum(['mask', 'largest']).exactOptional(),
    geometry: text,
    assemble: flag,
    labels: text,
    indexed: text,
    groups: text,
    channel: text,
    pedestal: text,
    gain: text,
    photonEnergy: text,
    maps: text,
    mapsAge: text,
    mapFormats: text,
    commonMode: text,
    scale: text,
    giveUp: text,
    skipBad: flag,
    strict: flag,
  })
  .readonly();
export type FrameOptionValues = z.infer<typeof frameOptionsSchema>;

/** The frame options among all options of a command, with absolute paths: a recipe is read from any folder. */
export function statedFrameOptions(values: FrameOptionValues): FrameOptionValues {
  const names = Object.keys(frameOptionsSchema.unwrap().shape) as (keyof FrameOptionValues)[];
  const stated = Object.fromEntries(
    names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]),
  ) as FrameOptionValues;
  const { mask, geometry, labels, indexed, pedestal, gain, maps } = stated;
  const listed = (one: string): string =>
    one
      .split(',')
      .map((part) => (Number.isFinite(Number(part)) ? part : resolve(part)))
      .join(',');
  return {
    ...stated,
    ...(mask === undefined || mask === 'none' || isOwnMask(mask)
      ? {}
      : { mask: mask.startsWith('bad:') ? `bad:${resolve(mask.slice(4))}` : resolve(mask) }),
    ...(geometry === undefined ? {} : { geometry: resolve(geometry) }),
    ...(labels === undefined || labels === 'folders' || labels.startsWith('peaks:')
      ? {}
      : { labels: resolve(labels) }),
    ...(indexed === undefined ? {} : { indexed: resolve(indexed) }),
    ...(pedestal === undefined ? {} : { pedestal: listed(pedestal) }),
    ...(gain === undefined ? {} : { gain: listed(gain) }),
    ...(maps === undefined ? {} : { maps: listed(maps) }),
  };
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

/** Formats of integer maps as `vetoc evaluate --raw` prints them: PEDESTALS,FACTORS. */
function mapFormatsOption(text: string | undefined): MapFormats | undefined {
  if (text === undefined) return undefined;
  const [pedestal, factor, ...others] = text.split(/(?<=>)\s*,/).map(formatOfString);
  if (pedestal && factor && others.length === 0) return { pedestal, factor };
  throw new UserError(`'${text}' is no two formats`, {
    field: '--map-formats',
    remedy: "give them as in 'ap_ufixed<22,14>,ap_fixed<23,2>', pedestals first",
  });
}

/** COLUMNS[:LIMIT[:LEAST]]. Throws `UserError`. */
function commonModeOption(text: string | undefined): CommonModeWish | undefined {
  if (text === undefined) return undefined;
  const [columns, limit = USUAL_LIMIT, least = usualLeast(columns!), ...others] = text.split(':').map(Number);
  const isWhole = (n: number | undefined, most: number): boolean =>
    Number.isInteger(n) && n! >= 1 && n! <= most;
  if (
    isWhole(columns, MOST_COLUMNS) &&
    limit > 0 &&
    limit <= 1000 &&
    isWhole(least, columns!) &&
    others.length === 0
  )
    return { columns: columns!, limit, least };
  throw new UserError(`'${text}' is no COLUMNS:LIMIT:LEAST`, {
    field: '--common-mode',
    remedy:
      'give pixels of a row that share a shift, counts within which a pixel saw nothing, and how many of those it takes, as 256:0.75:64',
  });
}

/**
 * The options as the data layer takes them. Whoever decides sees an overload as the largest trusted count, so that a
 * saturated Bragg peak stays a peak, unless the user says otherwise. Throws `UserError`.
 */
export function frameOptions(values: FrameOptionValues): OpenFramesOptions {
  const channel = numberOption(values.channel, '--channel', (n) => Number.isInteger(n) && n >= 0);
  const scale = numberOption(values.scale, '--scale', (n) => n > 0 && Number.isFinite(n));
  const bits = numberOption(
    values.maskBits,
    '--mask-bits',
    (n) => Number.isInteger(n) && n > 0 && n < 2 ** 32,
  );
  const giveUp = numberOption(values.giveUp, '--give-up', (n) => n > 0 && n <= 86_400);
  const energy = numberOption(values.photonEnergy, '--photon-energy', (n) => n > 0 && Number.isFinite(n));
  const { pedestal, gain, maps } = values;
  const age = numberOption(values.mapsAge, '--maps-age', (n) => n > 0);
  if (maps !== undefined) {
    if (pedestal !== undefined)
      throw new UserError('says pedestals, which are in the file of --maps', {
        field: '--pedestal',
        remedy: 'leave one of the two out',
      });
  } else {
    const [field] = Object.entries({
      '--maps-age': values.mapsAge,
      '--map-formats': values.mapFormats,
      '--common-mode': values.commonMode,
    }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    if (field !== undefined) throw new UserError('is said of no maps', { field, remedy: 'give --maps' });
  }
  const formats = mapFormatsOption(values.mapFormats);
  const commonMode = commonModeOption(values.commonMode);
  const stated = [pedestal, gain, energy].filter((one) => one !== undefined).length;
  if (maps === undefined && stated !== 0 && stated !== 3) {
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
    ...(values.indexed === undefined ? {} : { indexed: values.indexed }),
    ...(values.groups === undefined ? {} : { groups: values.groups }),
    ...(bits === undefined ? {} : { maskBits: bits }),
    overloads: values.overloads ?? 'largest',
    ...(channel === undefined ? {} : { channel }),
    ...(scale === undefined ? {} : { scale }),
    ...(maps === undefined
      ? {}
      : {
          rawMaps: {
            maps,
            ...(gain === undefined ? {} : { gain }),
            ...(energy === undefined ? {} : { photonEnergyEv: energy }),
            ...(age === undefined ? {} : { maxAgeDays: age }),
            ...(formats === undefined ? {} : { formats }),
            ...(commonMode === undefined ? {} : { commonMode }),
          },
        }),
    ...(stated === 0 || maps !== undefined
      ? {}
      : { jungfrau: { pedestal: pedestal!, gain: gain!, photonEnergyEv: energy! } }),
    ...(giveUp === undefined ? {} : { giveUpSeconds: giveUp }),
    allowMissing: values.skipBad === true,
    ...(values.strict === undefined ? {} : { strict: values.strict }),
  };
}
