/**
 * Frames of a file that was glanced at: how many there are and what they are called is known, and the file is opened whole when
 * a frame is read.
 */
import { UserError } from '../core/errors.js';
import { checkFrameIndex, countSpots, type Glanced } from './formats/format.js';
import type { FrameSource } from './frames.js';
import { taken, type Note } from './notes.js';

/**
 * What `like`, a file of the same form, says of itself, as said of `file`; of labels that file speaks for itself. What else it
 * warns of comes with the first frame that is read of it.
 */
function notesOf(file: string, like: FrameSource, { annotations }: Glanced): readonly Note[] {
  const expected = (like.notes ?? []).filter(({ about, kind }) => about !== 'labels' || kind === 'taken');
  return [
    taken('frames', file, null, 'is of the form of the first: its masks and limits are read with its frames'),
    ...expected.map((note) => (note.file === like.name ? { ...note, file } : note)),
    ...(annotations.notes ?? []),
  ];
}

/** The frames of `file`, of which `glanced` is known; `open` opens it whole. The caller closes the source. */
export function dozingFrames(
  file: string,
  glanced: Glanced,
  like: FrameSource,
  open: () => Promise<FrameSource>,
): FrameSource {
  const { count, annotations } = glanced;
  const { height, width, frameShape } = like;
  const dataset = like.origin(0).dataset;
  let awake: Promise<FrameSource> | null = null;
  async function openChecked(): Promise<FrameSource> {
    if (!glanced.isThere())
      throw new UserError('another file took its place while it was read', { file, remedy: 'run it again' });
    const source = await open();
    const same = source.count === count && source.height === height && source.width === width;
    const found = source.count === 0 ? dataset : source.origin(0).dataset;
    if (same && found === dataset) return source;
    await source.close();
    if (same) {
      throw new UserError(`says that its frames are ${found}, and files of the same form ${dataset}`, {
        file,
        remedy: 'name the frames with #/path, or give the file alone',
      });
    }
    throw new UserError(
      `holds ${source.count} frames of ${source.height}×${source.width} now, and ${count} of ${height}×${width} before`,
      { file, remedy: 'let it be written first' },
    );
  }
  const wake = (): Promise<FrameSource> => {
    awake ??= openChecked().catch((error: unknown) => {
      awake = null;
      throw error;
    });
    return awake;
  };
  return {
    name: file,
    count,
    height,
    width,
    ...(frameShape === undefined ? {} : { frameShape }),
    classNames: annotations.classNames,
    notes: notesOf(file, like, glanced),
    read: async (index) => {
      checkFrameIndex(file, index, count);
      return (await wake()).read(index);
    },
    label: (index) => annotations.label(index),
    meta: (index) => annotations.meta(index),
    spots: (index) => annotations.spots(index),
    spotCount: (index) => countSpots(annotations, index),
    origin: (index) => ({ file, index, ...(dataset === undefined ? {} : { dataset }) }),
    async close() {
      const source = await awake?.catch(() => null);
      await source?.close();
      glanced.close();
    },
  };
}
