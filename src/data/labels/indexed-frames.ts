/**
 * Which frames an indexing program could index, beside what else is known of them:
 *
 *     FILE#/path        one value a frame: 1 indexed, 0 not, anything else unknown
 *     FILE.csv, .tsv    the column `indexable` of a table of labels
 *     FILE.stream       CrystFEL's output: `indexed_by` other than none; frames that are not in it are unknown
 *     FILE.lst          a list `file //event` of what was indexed; every other frame was not
 *     FILE.expt         the experiments of `dials.stills_process`; every other frame was not indexed
 */
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../frames.js';
import { taken, warning, withNotes } from '../notes.js';
import { readColumn } from './dataset-labels.js';
import { OPTION } from './event-labels.js';
import { fromEvents } from './label-frames.js';
import { describeUnknown, hitOfValue } from './label-values.js';
import type { Labelling, LabelRequest } from './labelling.js';
import { fromTable } from './table-labels.js';

const FIELD = OPTION.indexable;

async function fromValues({ source }: LabelRequest, spec: string): Promise<Labelling> {
  const at = spec.indexOf('#/');
  const [file, path] = [spec.slice(0, at), spec.slice(at + 1)];
  const values = await readColumn(file, path);
  if (values.length !== source.count)
    throw new UserError(`has ${values.length} values for ${source.count} frames`, {
      file,
      field: path,
      remedy: 'give one value a frame, in the order of the frames',
    });
  const unknown = describeUnknown(values, (value) => hitOfValue(value) === null, 'neither 0 nor 1');
  return {
    classNames: null,
    notes: unknown === null ? [] : [warning('labels', file, path, unknown)],
    of: (index) => ({ indexable: hitOfValue(values[index]!) }),
  };
}

async function fromTableColumn(request: LabelRequest, file: string): Promise<Labelling> {
  const { notes, of } = await fromTable(request, file);
  const told = Array.from({ length: request.source.count }, (_, i) => of(i).indexable);
  if (told.every((one) => one === undefined))
    throw new UserError('says of no frame whether it can be indexed', {
      file,
      field: FIELD,
      remedy: 'write a column indexable with 1 or 0',
    });
  return {
    classNames: null,
    notes,
    of: (index) => (told[index] === undefined ? {} : { indexable: told[index] }),
  };
}

function read(request: LabelRequest, spec: string): Promise<Labelling> {
  if (spec.includes('#/')) return fromValues(request, spec);
  if (/\.(csv|tsv|tab)$/i.test(spec)) return fromTableColumn(request, spec);
  const events = fromEvents(request, spec, 'indexable');
  if (events !== null) return events;
  throw new UserError(`'${spec}' does not say what was indexed`, {
    field: FIELD,
    remedy: 'give FILE#/path, FILE.csv, FILE.stream, FILE.lst or FILE.expt',
  });
}

/** `source` with what `spec` says of its frames. Throws `UserError`. */
export async function indexedFrames(
  source: FrameSource,
  spec: string,
  whole: readonly FrameSource[] = [],
): Promise<FrameSource> {
  const { notes, of } = await read({ source, whole }, spec);
  const labelled: FrameSource = { ...source, label: (index) => ({ ...source.label(index), ...of(index) }) };
  const said = Array.from({ length: source.count }, (_, i) => labelled.label(i).indexable ?? null);
  const count = (what: boolean): number => said.filter((one) => one === what).length;
  const text = `of ${source.count} frames ${count(true)} can be indexed, ${count(false)} cannot, of the others nobody knows`;
  return withNotes(labelled, [...notes, taken('labels', spec, null, text)]);
}
