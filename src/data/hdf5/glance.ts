/**
 * Thousands of files of one writer are of one form: the same objects under the same names, other values. Of a file whose
 * names are those of one that was opened whole, a glance reads what differs: how many frames it holds, and its labels. With the
 * first frame that is read of it the file is opened as any other: its masks and limits hold for every frame, a fault in them is
 * an error of that frame, and what it warns of comes with it (late.ts). `--strict` opens every file whole at once.
 *
 * A file of another form, one with links to other files, and one that cannot be read get no glance.
 */
import { UserError } from '../../core/errors.js';
import type { Annotations, Glance, Glanced, OpenRequest } from '../formats/format.js';
import { countFrames, frameCounts, type FramePart } from './axes.js';
import { fileAt, type FileForm, type Hdf5File } from './file.js';
import { readFrameFacts } from './frame-facts.js';
import { identityOf } from './handle.js';
import { factsInWords } from './in-words.js';
import { currentReader, Hdf5Failure } from './library.js';
import { isXfel } from './xfel.js';

/** More objects than this are no layout of frames; listing them would cost more than it saves. */
const MAX_LISTED = 500;

/** Glances at files like `file`, whose frames are `parts`; null where more than values may differ. */
export function glancesLike(
  request: OpenRequest,
  file: Hdf5File,
  parts: readonly FramePart[],
): Glance | null {
  const [part, ...others] = parts;
  const { path, virtualSources } = part!.info;
  // Rows that are sorted or left out, numbered groups, and links say more than a count does.
  const plain =
    others.length === 0 &&
    frameCounts(part!).length === 1 &&
    virtualSources.length === 0 &&
    file.linkedFile(path) === null &&
    !isXfel(path) &&
    // Events of LCLS2 come in the order of their times, which another file may have to be sorted into.
    file.node('/timestamp').kind !== 'dataset';
  if (!plain || file.children('/').length > MAX_LISTED) return null;
  let form: FileForm | null | undefined;
  return (files) => {
    form ??= formOf(file);
    if (form === null) return files.map(() => null);
    const known = form;
    try {
      return currentReader().limited(request.giveUpSeconds, () =>
        files.map((one) => glanceAt({ ...request, ...one }, known, part!)),
      );
    } catch (error) {
      // One of them has no end: each is then opened by itself, and that one given up by name.
      if (!(error instanceof Hdf5Failure)) throw error;
      return files.map(() => null);
    }
  };
}

function formOf(file: Hdf5File): FileForm | null {
  try {
    return file.limited(() => file.form());
  } catch (error) {
    if (error instanceof Hdf5Failure) return null;
    throw error;
  }
}

/** `path` of `request`, if it is of `form` and has frames like `part`. */
function glanceAt(request: OpenRequest, form: FileForm, part: FramePart): Glanced | null {
  const file = fileAt(request.path, request.file, request.giveUpSeconds);
  try {
    if (!file.isOfForm(form)) return null;
    const info = file.info(part.info.path);
    const same =
      info.pixelType === part.info.pixelType &&
      info.virtualSources.length === 0 &&
      (info.chunks === null) === (part.info.chunks === null) &&
      info.shape.length === part.info.shape.length &&
      info.shape.every((size, axis) => part.axes[axis] === 'frame' || size === part.info.shape[axis]);
    if (!same || file.linkedFile(info.path) !== null) return null;
    const count = countFrames(file, { info, axes: part.axes });
    const annotations: Annotations = readFrameFacts(file, [{ ...part, info, count }], count);
    const identity = identityOf(request.path);
    return {
      count,
      annotations: factsInWords(request.file, annotations),
      isThere: () => identityOf(request.path) === identity,
      close: file.close,
    };
  } catch (error) {
    // Whoever opens the file whole says what is wrong with it.
    if (error instanceof Hdf5Failure || error instanceof UserError) return null;
    throw error;
  } finally {
    file.close();
  }
}
