/** The maps of `vetoc live`: what makes counts of a stream of raw words. */
import { UserError } from '../core/errors.js';
import { checkedMaps } from '../data/raw/checked-maps.js';
import { integerMaps } from '../data/raw/integer-maps.js';
import { COUNTS } from '../ir/ops/input.js';
import type { LiveMaps } from '../live/decide/maps.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';

/** What is said of maps, as `--maps` and its companions take it. */
export type LiveMapsWish = Pick<
  FrameOptionValues,
  'maps' | 'gain' | 'photonEnergy' | 'mapFormats' | 'mapsAge' | 'commonMode'
>;

/** The maps that `wish` names for frames of `size` from now on; null where it names none. Throws `UserError`. */
export async function liveMaps(
  { maps, gain, photonEnergy, mapFormats, mapsAge, commonMode }: LiveMapsWish,
  [height, width]: readonly [number, number],
): Promise<LiveMaps | null> {
  const said = Object.entries({ maps, gain, photonEnergy, mapFormats, mapsAge, commonMode });
  const { rawMaps } = frameOptions(Object.fromEntries(said.filter(([, value]) => value !== undefined)));
  if (rawMaps === undefined) return null;
  const frames = { file: 'the stream', height, width, serial: null, written: new Date() };
  const checked = await checkedMaps(rawMaps, frames);
  const { detector, name, serial } = checked;
  if (detector.select.by === 'thresholds')
    throw new UserError(
      `has maps of ${detector.title}, whose frames bring words of gain and a memory cell: no stream does`,
      {
        file: checked.file,
        field: '--maps',
        remedy: 'decide on its files, with vetoc score or vetoc filter',
      },
    );
  const { pedestal, factor, ...integers } = integerMaps(
    detector,
    (await checked.maps(0))!,
    COUNTS,
    checked.formats,
  );
  return {
    detector: name,
    formats: { pedestal, factor },
    integers,
    serial,
    ...(checked.commonMode === undefined ? {} : { commonMode: checked.commonMode }),
  };
}
