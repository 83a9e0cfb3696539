/** Labels from what CrystFEL and DIALS wrote: a stream or experiments (indexed or not), or a list (listed or not). */
import { existsSync } from 'node:fs';
import { UserError } from '../../core/errors.js';
import { readList, readStream, type ListedFrame } from '../crystfel/lists.js';
import { readExperiments } from '../dials/experiments.js';
import type { FrameLabel } from '../frames.js';
import { warning, type Note } from '../notes.js';
import { createFrameFinder } from './frame-finder.js';
import type { Labelling, LabelRequest } from './labelling.js';

/** What the files say of a frame: that it is a hit, or that it can be indexed. */
export type Said = 'hit' | 'indexable';
export const OPTION = { hit: '--labels', indexable: '--indexed' } as const satisfies Record<Said, string>;

export async function fromStream(request: LabelRequest, file: string, said: Said): Promise<Labelling> {
  const notes: Note[] = [];
  const frames = await readStream(file, OPTION[said], (text) =>
    notes.push(warning('labels', file, null, text)),
  );
  return labelling(request, { file, said, listed: frames, unlisted: null }, notes);
}

export async function fromList(request: LabelRequest, file: string, said: Said): Promise<Labelling> {
  const listed = await readList(file, OPTION[said], existsSync);
  return labelling(request, { file, said, listed, unlisted: false }, []);
}

/** DIALS writes only what it indexed: a frame that is not there was not. */
export async function fromExperiments(request: LabelRequest, file: string, said: Said): Promise<Labelling> {
  const listed = await readExperiments(file, OPTION[said]);
  return labelling(request, { file, said, listed, unlisted: false }, []);
}

interface Statement {
  readonly file: string;
  readonly said: Said;
  readonly listed: readonly ListedFrame[];
  /** What holds of frames that are not listed; null: nothing. */
  readonly unlisted: false | null;
}

interface Told {
  readonly yes: boolean;
  readonly line: number;
}

function labelling(
  request: LabelRequest,
  { file, said, listed, unlisted }: Statement,
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
        tell(told, frame, { yes: one.indexed ?? true, line: one.line }, place.listFile, said, one);
  }
  const [other] = elsewhere;
  if (told.size === 0) {
    throw new UserError(
      `names ${listed.length} frames, none of which is among the ${request.source.count} given` +
        (other === undefined ? '' : ` (line ${other.line}: ${other.file})`),
      {
        file,
        field: OPTION[said],
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
      const yes = told.get(index)?.yes ?? unlisted;
      return yes === null ? {} : { [said]: yes };
    },
  };
}

function tell(
  told: Map<number, Told>,
  frame: number,
  now: Told,
  file: string,
  said: Said,
  { file: image, event }: ListedFrame,
): void {
  const before = told.get(frame);
  if (before !== undefined && before.yes !== now.yes) {
    const says = ({ yes, line }: Told): string => `line ${line} says ${yes ? 'indexed' : 'not indexed'}`;
    throw new UserError(`names ${`${image} ${event.text}`.trim()} twice: ${says(before)}, ${says(now)}`, {
      file,
      field: OPTION[said],
      remedy: 'keep one of them',
    });
  }
  told.set(frame, before ?? now);
}
