/** Labels from what CrystFEL and DIALS wrote: a stream or experiments (indexed or not), or a list (listed or not). */
import { existsSync } from 'node:fs';
import { UserError } from '../../core/errors.js';
import { readList, readStream, type ListedFrame } from '../crystfel/lists.js';
import { readExperiments } from '../dials/experiments.js';
import type { FrameLabel } from '../frames.js';
import { taken, warning, type Note } from '../notes.js';
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
  if (said === 'hit') notes.push(...hitNotes(file, frames));
  return labelling(request, { file, said, listed: frames, unlisted: null }, notes);
}

/** By which lines of a stream its frames are hits. */
function hitNotes(file: string, frames: readonly ListedFrame[]): readonly Note[] {
  const stated = frames.filter(({ hit }) => hit !== undefined).length;
  const without = frames.length - stated;
  const byIndexing = `hits are the frames that were indexed (indexed_by)`;
  if (stated === 0) return [taken('labels', file, 'indexed_by', `${byIndexing}: no chunk has a line hit`)];
  const byHit = taken('labels', file, 'hit', `hits are the frames of hit = 1, in ${stated} of ${frames.length} chunks`);
  if (without === 0) return [byHit];
  return [byHit, warning('labels', file, 'hit', `stands in ${stated} of ${frames.length} chunks; in the others ${byIndexing}`)];
} // prettier-ignore

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

/** What a line of a list says of its frame. A stream may say which frames are hits; else those that were indexed are. */
const says = ({ hit, indexed }: ListedFrame, said: Said): boolean =>
  (said === 'hit' ? (hit ?? indexed) : indexed) ?? true;

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
        tell(told, frame, { yes: says(one, said), line: one.line }, place.listFile, said, one);
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
  { file: image, event, hit }: ListedFrame,
): void {
  const before = told.get(frame);
  if (before !== undefined && before.yes !== now.yes) {
    const word = said === 'hit' && hit !== undefined ? 'a hit' : 'indexed';
    const tells = ({ yes, line }: Told): string => `line ${line} says ${yes ? word : `not ${word}`}`;
    throw new UserError(`names ${`${image} ${event.text}`.trim()} twice: ${tells(before)}, ${tells(now)}`, {
      file,
      field: OPTION[said],
      remedy: 'keep one of them',
    });
  }
  told.set(frame, before ?? now);
}
