/** Frames as they are asked for, with those left out that cannot be read. */
import type { UserError } from '../core/errors.js';
import type { FrameSource } from '../data/frames.js';
import { describeNote } from '../data/notes.js';
import { openFramesParallel } from '../data/parallel.js';
import { withoutBadFrames, type BadFrame } from '../data/stream.js';
import { beginStage, type Emit } from './events.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';

/** Says what of the files was not understood or not used. */
export function tellWarnings({ notes }: FrameSource, emit: Emit): void {
  for (const note of notes ?? [])
    if (note.kind === 'warning') emit({ event: 'warning', text: `warning: ${describeNote(note)}` });
}

/**
 * Opens frames; threads read where there are many. With `skipBad`, files and frames that cannot be read are told as
 * events, counted and left out; every frame is then read once before the work begins. The caller closes the source.
 */
export async function openFrameArguments(
  texts: readonly string[],
  values: FrameOptionValues,
  emit: Emit,
): Promise<{ readonly source: FrameSource; readonly bad: readonly BadFrame[] }> {
  const options = frameOptions(values);
  if (values.skipBad !== true) {
    const source = await openFramesParallel(texts, options);
    tellWarnings(source, emit);
    return { source, bad: [] };
  }
  const bad: BadFrame[] = [];
  const report = (one: BadFrame): void => {
    bad.push(one);
    emit({ event: 'skipped', ...one });
  };
  const onBadFile = (error: UserError): void => {
    report({ file: error.place.file ?? '', index: -1, problem: error.problem });
  };
  const source = await openFramesParallel(texts, { ...options, onBadFile });
  tellWarnings(source, emit);
  try {
    const progress = beginStage(emit, 'check');
    const good = await withoutBadFrames(source, report, (done) => progress.update(done, source.count));
    progress.finish(`${good.count} frames can be read, ${bad.length} skipped`);
    return { source: good, bad };
  } catch (error) {
    await source.close();
    throw error;
  }
}
