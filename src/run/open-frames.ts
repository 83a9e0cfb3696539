/** Frames as they are asked for, with those left out that cannot be read. */
import type { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';
import type { OpenFramesOptions } from '../data/open-options.js';
import { statementOf, warningsOf, type Note } from '../data/notes.js';
import { openFramesParallel } from '../data/parallel.js';
import { withoutBadFrames, type BadFrame } from '../data/stream.js';
import { beginStage, type Emit } from './events.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';

export type Teller = (notes: readonly Note[] | undefined) => void;

/** Says what of files was not understood or not used, each statement once. */
export function createTeller(emit: Emit): Teller {
  const told = new Set<string>();
  return (notes) => {
    for (const note of warningsOf(notes)) {
      const statement = statementOf(note);
      if (told.has(statement)) continue;
      told.add(statement);
      emit({ event: 'warning', warning: { about: 'files', note } });
    }
  };
}

/** `source`, whose warnings are told: now, and of files that are opened for a frame when it is read. */
export function tellingWarnings(source: FrameSource, emit: Emit): FrameSource {
  const tell = createTeller(emit);
  tell(source.notes);
  return {
    ...source,
    async read(index) {
      const frame = await source.read(index);
      tell(frame.notes);
      return frame;
    },
  };
}

/**
 * Opens frames; threads read where there are many. With `skipBad`, files and frames that cannot be read are told as
 * events, counted and left out; every frame is then read once before the work begins. The caller closes the source.
 */
export async function openFrameArguments(
  texts: readonly string[],
  values: FrameOptionValues,
  emit: Emit,
  also: Pick<OpenFramesOptions, 'words'> = {},
): Promise<{ readonly source: FrameSource; readonly bad: readonly BadFrame[] }> {
  const options = { ...frameOptions(values), ...also };
  if (values.skipBad !== true) {
    return { source: tellingWarnings(await openFramesParallel(texts, options), emit), bad: [] };
  }
  const bad: BadFrame[] = [];
  const report = (one: BadFrame): void => {
    bad.push(one);
    emit({ event: 'skipped', ...one });
  };
  const onBadFile = (error: UserError): void => {
    report({ file: error.place.file ?? '', index: -1, problem: error.problem });
  };
  const source = tellingWarnings(await openFramesParallel(texts, { ...options, onBadFile }), emit);
  try {
    const progress = beginStage(emit, 'check');
    const good = await withoutBadFrames(source, report, (done) => progress.update(done, source.count));
    progress.finish({ kind: 'checked', readable: good.count, skipped: bad.length });
    return { source: good, bad };
  } catch (error) {
    await source.close();
    throw error;
  }
}
