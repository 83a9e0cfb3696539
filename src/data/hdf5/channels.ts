/**
 * Detectors with several channels: energy thresholds, as DECTRIS' FileWriter 2 writes them. What NXdetector_channel groups
 * say (masks, limits) is of their channel alone.
 */
import { warning, type Note } from '../notes.js';
import type { FramePart } from './axes.js';
import { toColumn } from './columns.js';
import type { Hdf5File } from './file.js';
import { groupsOf, type Nexus } from './nexus.js';
import { inGroup, nameOf, parentOf } from './paths.js';

/** The channel groups of the detectors, in the order of the numbers in their names. */
function channelGroups(file: Hdf5File, nexus: Nexus): readonly string[] {
  return nexus.detectors
    .flatMap((detector) => groupsOf(file, detector, 'NXdetector_channel', /_channel$/))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** What the channels of the frames in `part` are called: the dataset `channel` beside the frames; null where there is none. */
function namesOfChannels(file: Hdf5File, { info }: FramePart): readonly string[] | null {
  const path = inGroup(parentOf(info.path), 'channel');
  if (file.node(path).kind !== 'dataset' || !file.info(path).isString) return null;
  return toColumn(file.readAll(path)).map(String);
}

/** `nexus` with what is said of the channel that is read. */
export function withChannel(
  file: Hdf5File,
  part: FramePart,
  nexus: Nexus,
  channel: number | null,
): { readonly nexus: Nexus; readonly notes: readonly Note[] } {
  const groups = channelGroups(file, nexus);
  if (groups.length === 0) return { nexus, notes: [] };
  const names = namesOfChannels(file, part);
  const axis = part.axes.indexOf('channel');
  const name = names?.[channel ?? 0];
  const own =
    groups.length === 1
      ? groups[0]
      : name !== undefined
        ? groups.find((path) => nameOf(path) === name || nameOf(path) === `${name}_channel`)
        : axis >= 0 && part.info.shape[axis] === groups.length
          ? groups[channel ?? 0]
          : undefined;
  if (own !== undefined) return { nexus: { ...nexus, detectors: [...nexus.detectors, own] }, notes: [] };
  return {
    nexus,
    notes: groups.map((path) =>
      warning('unused', file.name, path, 'is a channel, and which one the frames are of is not said'),
    ),
  };
}
