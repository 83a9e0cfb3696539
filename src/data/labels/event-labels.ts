/** Labels from what CrystFEL wrote: a stream (indexed or not), or a list (listed or not). */
import { existsSync } from 'node:fs';
import { UserError } from '../../core/errors.js';
import { readList, readStream, type ListedFrame } from '../crystfel/lists.js';
import type { FrameLabel } from '../frames.js';
import { warning, type Note } from '../notes.js';
import { createFrameFinder } from './frame-finder.js';
import type { Labelling, LabelRequest } from './labelling.js';

export async function fromStream(request: LabelRequest, file: string): Promise<Labelling> {
  const notes: Note[] = [];
  const frames = await readStream(file, '--labels', (text) =>
    notes.push(warning('labels', file, null, text)),
  );
  return labelling(request, file, frames, null, notes);
}

export async function fromList(request: LabelRequest, file: string): Promise<Labelling> {
  return labelling(request, file, await readList(file, '--labels', existsSync), false, []);
}

interface Told {
  readonly hit: boolean;
  readonly line: number;
}

function labelling(
  request: LabelRequest,
  file: string,
  listed: readonly ListedFrame[],
  unlisted: false | null,
  notes: readonly Note[],
): Labelling {
  const find = createFrameFinder(request.source, request.whole);
  const told = new Map<number, Told>();
  const elsewhere: ListedFrame[] = [];
  for (const one of listed) {
    const place = { listFile: file, where: `line ${one.line}` };
    const known = find.file(one.file, place);
    if (known === null) elsewhere.push(one);
    else
      for (const frame of find.frames(known, one.event, place))
        tell(
          told,
          frame,
          { hit: one.indexed ?? true, line: one.line },
          file,
          `${one.file} ${one.event.text}`,
        );
  }
  const [other] = elsewhere;
  if (told.size === 0) {
    throw new UserError(
      `names ${listed.length} frames, none of which is among the ${request.source.count} given` +
        (other === undefined ? '' : ` (line ${other.line}: ${other.file})`),
      {
        file,
        field: '--labels',
        remedy: 'give the frames of this list; files of one name fit only in folders of one name',
      },
    );
  }
  const left =
    other === undefined
      ? []
      : [
          warning(
            'labels',
            file,
            `line ${other.line}`,
            `${elsewhere.length} of ${listed.length} lines name files that are not among the frames, first ${other.file}`,
          ),
        ];
  return {
    classNames: null,
    notes: [...notes, ...left],
    of(index): Partial<FrameLabel> {
      const hit = told.get(index)?.hit ?? unlisted;
      return hit === null ? {} : { hit };
    },
  };
}

function tell(told: Map<number, Told>, frame: number, now: Told, file: string, name: string): void {
  const before = told.get(frame);
  if (before !== undefined && before.hit !== now.hit) {
    const says = ({ hit, line }: Told): string => `line ${line} says ${hit ? 'indexed' : 'not indexed'}`;
    throw new UserError(`names ${name.trim()} twice: ${says(before)}, ${says(now)}`, {
      file,
      field: '--labels',
      remedy: 'keep one of them',
    });
  }
  told.set(frame, before ?? now);
}
