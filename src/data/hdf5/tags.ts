/**
 * Files that hold a group a frame: SACLA's `/tag-204/data` or `/run_7/detector_2d_1/tag_204/detector_data`, and others
 * that number events, frames or shots. The frames are those of the numbers, in their order.
 *
 * Refuses to guess where the groups hold several images each: then the user names one, `FILE#/tag-204/data`, and the same
 * image of every group is meant.
 */
import { UserError } from '../../core/errors.js';
import type { Hdf5DatasetInfo, Hdf5File } from './file.js';

const TAG = /^(tag|event|frame|image|shot|pulse)[-_ ]?(\d+)$/i;
/** A single group with a number in its name may be anything. */
const MIN_TAGS = 2;

export interface TagSeries {
  /** The datasets, a frame each. */
  readonly paths: readonly string[];
}

/** The numbered groups in `group`, by number; empty where there are fewer than two of one name. */
export function tagGroups(
  file: Hdf5File,
  group: string,
): readonly { readonly name: string; readonly tag: number }[] {
  const tags = file.children(group).flatMap((name) => {
    const number = TAG.exec(name)?.[2];
    return number === undefined ? [] : [{ name, tag: Number(number) }];
  });
  return tags.length < MIN_TAGS ? [] : tags.sort((a, b) => a.tag - b.tag);
}

/** The series that the dataset at `path` belongs to, or null where no part of the path is a tag. */
export function tagSeriesOf(file: Hdf5File, path: string): TagSeries | null {
  const parts = path.split('/');
  const at = parts.findIndex((part, i) => i < parts.length - 1 && TAG.test(part));
  if (at < 0) return null;
  const parent = parts.slice(0, at).join('/');
  const below = parts.slice(at + 1).join('/');
  const paths: string[] = [];
  for (const { name } of tagGroups(file, parent === '' ? '/' : parent)) {
    const dataset = `${parent}/${name}/${below}`;
    if (file.node(dataset).kind !== 'dataset') continue;
    paths.push(dataset);
  }
  return paths.length < MIN_TAGS ? null : { paths };
}

/** The one series among `candidates` (one of each tag group), or null where they are no tags. Throws where there are several. */
export function onlyTagSeries(file: Hdf5File, candidates: readonly Hdf5DatasetInfo[]): TagSeries | null {
  const series = candidates.flatMap(({ path }) => tagSeriesOf(file, path) ?? []);
  if (series.length === 0 || series.length < candidates.length) return null;
  if (series.length === 1) return series[0]!;
  throw new UserError(
    `holds several images in each numbered group: ${series.map(({ paths }) => paths[0]).join(', ')}`,
    { file: file.name, remedy: 'name one with FILE#/path: the same image of every group is then read' },
  );
}

/** The tag in `path`, and the event as CrystFEL names it (`tag-204//`); null where there is none. */
export function tagOf(path: string): { readonly tag: number; readonly event: string } | null {
  const name = path.split('/').find((part) => TAG.test(part));
  return name === undefined ? null : { tag: Number(TAG.exec(name)![2]), event: `${name}//` };
}
