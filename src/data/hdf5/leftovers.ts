/**
 * What stands near the frames of an HDF5 file, would change them or how many there are, and is not used: it is said.
 *
 * Sources: NXdata (`scaling_factor`, `offset`; NeXus manual), NXdetector (`flatfield`, `dark_image` and their `…_applied`), DECTRIS
 * FileWriter (`nimages`, `ntrigger`; `image_nr_low` of each data file), SwissFEL (`is_good_frame`).
 */
import { warning, type Note } from '../notes.js';
import type { FramePart } from './axes.js';
import { numberAt, toColumn } from './columns.js';
import type { Hdf5File } from './file.js';
import { MIN_SIDE } from './find.js';
import { followLinks, linkProblem } from './links.js';
import type { Nexus } from './nexus.js';
import { inGroup, nameOf, parentOf } from './paths.js';
import { tagGroups, tagOf } from './tags.js';

/** Corrections of a detector that change pixels, and what says that they were applied. */
const CORRECTIONS: readonly (readonly [name: string, applied: readonly string[]])[] = [
  ['flatfield', ['flatfield_applied', 'flatfield_correction_applied']],
  ['dark_image', ['dark_applied', 'dark_image_applied', 'dark_correction_applied']],
  ['dark', ['dark_applied', 'dark_correction_applied']],
];

/** `scaling_factor` and `offset` of NXdata: the stored numbers are not what they stand for. */
function scalingNotes(file: Hdf5File, dataset: string): readonly Note[] {
  const group = parentOf(dataset);
  const neutral: readonly (readonly [string, number])[] = [
    ['scaling_factor', 1],
    ['offset', 0],
    [`${nameOf(dataset)}_scaling_factor`, 1],
    [`${nameOf(dataset)}_offset`, 0],
  ];
  return neutral.flatMap(([name, nothing]) => {
    const path = inGroup(group, name);
    const value = numberAt(file, path);
    if (value === null || value === nothing) return [];
    return [warning('unused', file.name, path, `is ${value} and was not applied: --scale multiplies values`)];
  });
}

function correctionNotes(file: Hdf5File, nexus: Nexus): readonly Note[] {
  const places = [...nexus.detectors, ...nexus.collections];
  const isApplied = (names: readonly string[]): boolean =>
    places.some((place) => names.some((name) => (numberAt(file, `${place}/${name}`) ?? 0) !== 0));
  return CORRECTIONS.flatMap(([name, applied]) =>
    places.flatMap((place) => {
      const path = `${place}/${name}`;
      if (file.node(path).kind !== 'dataset' || file.info(path).shape.length < 2 || isApplied(applied))
        return [];
      return [warning('unused', file.name, path, 'is a correction, and nothing says that it was applied')];
    }),
  );
}

/** Where a master states more images than there are, or its data files leave numbers out. */
function numberNotes(file: Hdf5File, nexus: Nexus, parts: readonly FramePart[]): readonly Note[] {
  const notes: Note[] = [];
  const held = parts.reduce((sum, part) => sum + part.count, 0);
  for (const place of nexus.collections) {
    const images = numberAt(file, `${place}/nimages`);
    const stated = images === null ? null : images * (numberAt(file, `${place}/ntrigger`) ?? 1);
    if (stated !== null && stated > held)
      notes.push(
        warning(
          'frames',
          file.name,
          `${place}/nimages`,
          `says that ${stated} images were taken; ${held} are here`,
        ),
      );
  }
  let next: number | null = null;
  for (const { info, count } of parts) {
    const low = Number(file.attribute(info.path, 'image_nr_low')?.[0] ?? NaN);
    if (next !== null && low > next)
      notes.push(
        warning(
          'frames',
          file.name,
          info.path,
          `begins with image ${low}; ${next} to ${low - 1} are missing`,
        ),
      );
    next = Number.isFinite(low) ? low + count : null;
  }
  const numbers = parts.flatMap(({ info }) => /\/data_(\d+)$/.exec(info.path)?.[1] ?? []);
  numbers.forEach((number, i) => {
    const before = i === 0 ? Number(number) - 1 : Number(numbers[i - 1]);
    for (let gone = before + 1; gone < Number(number); gone++) {
      const name = `data_${String(gone).padStart(number.length, '0')}`;
      const path = `${parentOf(parts[i]!.info.path)}/${name}`;
      if (file.node(path).kind !== 'dataset') notes.push(warning('frames', file.name, path, 'is not there'));
    }
  });
  return notes;
}

/** Frames that a flag of the facility calls incomplete. */
function flagNotes(file: Hdf5File, { info, count }: FramePart): readonly Note[] {
  const path = `${parentOf(info.path)}/is_good_frame`;
  if (file.node(path).kind !== 'dataset' || file.info(path).shape[0] !== count) return [];
  const bad = toColumn(file.readAll(path)).flatMap((good, index) => (Number(good) === 0 ? [index] : []));
  if (bad.length === 0) return [];
  const named = `${bad.slice(0, 5).join(', ')}${bad.length > 5 ? ', …' : ''}`;
  return [
    warning(
      'frames',
      file.name,
      path,
      `calls ${bad.length} of ${count} frames incomplete (${named}); they are read all the same`,
    ),
  ];
}

/** Numbered groups without the image that the others have. */
function tagNotes(file: Hdf5File, parts: readonly FramePart[]): readonly Note[] {
  const paths = parts.map(({ info }) => info.path);
  const names = new Set(paths.map((path) => tagOf(path)?.event.replace('//', '') ?? ''));
  const [first] = names;
  if (parts.length < 2 || first === undefined || first === '') return [];
  const parent = paths[0]!.slice(0, paths[0]!.indexOf(`/${first}/`));
  return tagGroups(file, parent === '' ? '/' : parent)
    .filter(({ name }) => !names.has(name))
    .filter(({ name }) => file.node(paths[0]!.replace(`/${first}/`, `/${name}/`)).kind !== 'dataset')
    .map(({ name }) => warning('frames', file.name, `${parent}/${name}`, 'holds no image as the others do'));
}

/** Other images of the entry: `image_1` beside `data_1`, `dark` beside `data`. */
function otherImages(file: Hdf5File, { info }: FramePart): readonly Note[] {
  const own = parentOf(info.path);
  const entry = parentOf(own);
  if (entry === '/' || file.node(entry).kind !== 'group') return [];
  const real = followLinks(file, info.path);
  return file.children(entry).flatMap((name) => {
    const path = `${entry}/${name}/data`;
    if (path === info.path || file.node(path).kind !== 'dataset') return [];
    const other = file.info(path);
    const side = Math.min(...other.shape.slice(-2));
    if (other.pixelType === null || other.shape.length < 3 || side < MIN_SIDE) return [];
    if (followLinks(file, path) === real) return [];
    return [
      warning(
        'unused',
        file.name,
        path,
        `holds images too (${other.shape.join('×')}): name them with FILE#${path}`,
      ),
    ];
  });
}

/** Raw counts of several gain stages: the stage of each pixel stands beside them. */
function gainNotes(file: Hdf5File, { info }: FramePart): readonly Note[] {
  const path = `${parentOf(info.path)}/gain`;
  if (!/\/adc$/.test(info.path) || info.pixelType !== 'uint16' || file.node(path).kind !== 'dataset')
    return [];
  const text = 'holds the gain stage of each raw count: counts are read as they are, and are no photons';
  return [warning('unused', file.name, path, text)];
}

/** Links of the instrument and of the detectors that lead nowhere, but for those of which `said` tells already. */
export function lostLinks(file: Hdf5File, { entry, detectors, collections }: Nexus, said: readonly Note[]): readonly Note[] {
  if (entry === null) return [];
  const told = new Set(said.map(({ field }) => field));
  const groups = file.children(entry).map((name) => `${entry}/${name}`);
  const instruments = groups.filter((path) => /instrument/i.test(nameOf(path)));
  const inside = [...instruments, ...detectors, ...collections]
    .filter((path) => file.node(path).kind === 'group')
    .flatMap((path) => file.children(path).map((name) => `${path}/${name}`));
  return [...new Set([...instruments, ...inside])].flatMap((path) => {
    const node = file.node(path);
    if ((node.kind !== 'externalLink' && node.kind !== 'danglingSoftLink') || told.has(path)) return [];
    return [warning('unused', file.name, path, `${linkProblem(file, path, node).problem}: what it says was not read`)];
  });
} // prettier-ignore

/** All of it, for the frames in `parts`. */
export const leftovers = (file: Hdf5File, nexus: Nexus, parts: readonly FramePart[]): readonly Note[] => [
  ...scalingNotes(file, parts[0]!.info.path),
  ...correctionNotes(file, nexus),
  ...numberNotes(file, nexus, parts),
  ...flagNotes(file, parts[0]!),
  ...tagNotes(file, parts),
  ...otherImages(file, parts[0]!),
  ...gainNotes(file, parts[0]!),
];
