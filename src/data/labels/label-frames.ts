/**
 * Labels that do not come with the frames: from a dataset, a table, folder names, the number of peaks, or what CrystFEL
 * indexed; and groups, which keep a crystal, a run or a sample on one side of a split.
 *
 *     FILE#/path        one value a frame: classes (0…), or hits where no classes are known
 *     FILE.csv, .tsv    columns frame | file[,index|frame|event]; label, class, hit, split, group
 *     folders           the class is the name of the file's folder
 *     peaks:K           a hit has at least K listed peaks
 *     FILE.stream       CrystFEL's output: hits by its lines `hit`, where there are none by `indexed_by`; another frame of the stream is a miss
 *     FILE.lst          a list `file //event`: a listed frame is a hit, every other a miss
 *     FILE.expt         what DIALS indexed: a frame with a crystal is a hit, every other a miss
 *
 * `indexedFrames` takes the last three, a dataset or a table's column `indexable` as what can be indexed, beside other labels.
 * Of hits, 1 is a hit and 0 a miss; any other number is unknown, and so is a class of −1 or 255. Refuses labels that
 * match no frame, that name places which the files do not have, and that contradict each other.
 */
import { basename, dirname, resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import { countSpots } from '../formats/format.js';
import type { FrameSource } from '../frames.js';
import { taken, withNotes, type Note } from '../notes.js';
import { hitOfName } from './class-names.js';
import { fromDataset } from './dataset-labels.js';
import { fromExperiments, fromList, fromStream, type Said } from './event-labels.js';
import type { Labelling, LabelRequest } from './labelling.js';
import { fromTable } from './table-labels.js';

/** `source` with the labels that `spec` says. Throws `UserError`. */
export async function labelFrames(
  source: FrameSource,
  spec: string,
  whole: readonly FrameSource[] = [],
): Promise<FrameSource> {
  const labelling = await readLabelling({ source, whole }, spec);
  const labelled: FrameSource = {
    ...source,
    classNames: labelling.classNames ?? source.classNames,
    label: (index) => ({ ...source.label(index), ...labelling.of(index) }),
  };
  return withNotes(labelled, [...labelling.notes, countLabels(labelled, labelling, spec)]);
}

function countLabels(source: FrameSource, labelling: Labelling, spec: string): Note {
  let [hits, misses, told] = [0, 0, 0];
  for (let i = 0; i < source.count; i++) {
    if (Object.keys(labelling.of(i)).length > 0) told++;
    const { hit } = source.label(i);
    if (hit === true) hits++;
    if (hit === false) misses++;
  }
  const unknown = source.count - hits - misses;
  const text = `labels of ${told} of ${source.count} frames: ${hits} hits, ${misses} misses, ${unknown} unknown`;
  return taken('labels', spec, null, text);
}

async function readLabelling(request: LabelRequest, spec: string): Promise<Labelling> {
  if (spec === 'folders') return fromFolders(request.source);
  const peaks = /^peaks:(\d+)$/.exec(spec);
  if (peaks !== null) return fromPeaks(request.source, Number(peaks[1]));
  if (spec.includes('#/')) return fromDataset(request.source, spec);
  if (/\.(csv|tsv|tab)$/i.test(spec)) return fromTable(request, spec);
  const events = fromEvents(request, spec, 'hit');
  if (events !== null) return events;
  throw new UserError(`'${spec}' is no source of labels`, {
    field: '--labels',
    remedy: 'give FILE#/path, FILE.csv, FILE.stream, FILE.lst, FILE.expt, folders, or peaks:K',
  });
}

/** What a file that names frames says of them; null where `spec` is no such file. */
export function fromEvents(request: LabelRequest, spec: string, said: Said): Promise<Labelling> | null {
  if (/\.stream$/i.test(spec)) return fromStream(request, spec, said);
  if (/\.(lst|list|txt)$/i.test(spec)) return fromList(request, spec, said);
  if (/\.expt$/i.test(spec)) return fromExperiments(request, spec, said);
  return null;
}

function fromFolders(source: FrameSource): Labelling {
  const folderOf = (index: number): string => basename(dirname(resolve(source.origin(index).file)));
  const names = new Set<string>();
  for (let i = 0; i < source.count; i++) names.add(folderOf(i));
  const classNames = [...names].sort(new Intl.Collator('en', { numeric: true }).compare);
  const hits = new Map(classNames.map((name) => [name, hitOfName(name)]));
  return {
    classNames,
    notes: [],
    of: (index) => ({ label: classNames.indexOf(folderOf(index)), hit: hits.get(folderOf(index)) ?? null }),
  };
}

function fromPeaks(source: FrameSource, least: number): Labelling {
  const counts: number[] = [];
  for (let i = 0; i < source.count; i++) {
    const count = countSpots(source, i);
    if (count === null) {
      throw new UserError(`frame ${i} has no list of peaks`, {
        file: source.origin(i).file,
        field: '--labels',
        remedy: 'give a CXI file with result_1, or other labels',
      });
    }
    counts.push(count);
  }
  return { classNames: null, notes: [], of: (index) => ({ hit: counts[index]! >= least }) };
}

/**
 * `source` with groups: `file` (each file one), `folder`, `run` (the `r0123` or `run_12` in the file's name), or the
 * name of a per-frame fact (`meta`). Throws `UserError` where a frame has none.
 */
export function groupFrames(source: FrameSource, spec: string): FrameSource {
  const groupOf = (index: number): string => {
    const { file } = source.origin(index);
    if (spec === 'file') return file;
    if (spec === 'folder') return dirname(resolve(file));
    const found =
      spec === 'run' ? /(?:^|[^a-z])r(?:un)?[_-]?(\d+)/i.exec(basename(file))?.[1] : source.meta(index)[spec];
    if (found !== undefined) return `${spec} ${found}`;
    throw new UserError(`frame ${index} has no ${spec}`, {
      file,
      field: '--groups',
      remedy: `use file, folder, run, or one of ${Object.keys(source.meta(index)).join(', ') || 'its per-frame facts'}`,
    });
  };
  const groups: string[] = [];
  for (let i = 0; i < source.count; i++) groups.push(groupOf(i));
  return { ...source, label: (index) => ({ ...source.label(index), group: groups[index]! }) };
}
