/**
 * Which frames DIALS indexed: the experiments that `dials.stills_process` and `dials.index` write (`.expt`, JSON).
 *
 * An experiment with a crystal says that its image set was indexed; an image set without one was not. Of image sets, those of
 * stills are read: a list of images, and the places in them (`single_file_indices`) where a file holds several; a sequence of one
 * image is a still, too. Refuses longer sequences, in which a crystal is one for many frames, and files that are no list of
 * experiments.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../../core/errors.js';
import { jsonOrUndefined } from '../../core/json.js';
import { EVERY_FRAME, type FrameEvent, type ListedFrame } from '../crystfel/lists.js';

const fileSchema = z.object({
  __id__: z.literal('ExperimentList'),
  experiment: z.array(z.object({ imageset: z.number().int().min(0), crystal: z.number().int().optional() })),
  imageset: z.array(
    z.object({
      __id__: z.string(),
      images: z.array(z.string()).optional(),
      template: z.string().optional(),
      single_file_indices: z.array(z.number().int().min(0)).optional(),
    }),
  ),
});
type ImageSet = z.infer<typeof fileSchema>['imageset'][number];

const numbered = (index: number): FrameEvent => ({ text: `//${index}`, path: [], numbers: [index] });

/** Images and places of one set: one file for all places, or one for each. */
function framesOf(file: string, set: ImageSet, number: number, indexed: boolean): ListedFrame[] {
  const { single_file_indices: places, template } = set;
  const still = template !== undefined && !template.includes('#') && places?.length === 1;
  const images = set.__id__ === 'ImageSet' ? set.images : still ? [template] : undefined;
  if (images === undefined || images.length === 0)
    throw new UserError(
      `image set ${number} is a ${set.__id__}, in which frames are not indexed one by one`,
      {
        file,
        field: 'imageset',
        remedy: 'give what dials.stills_process wrote',
      },
    );
  const line = number + 1;
  if (places === undefined || places.length === 0)
    return images.map((image) => ({ line, file: image, event: EVERY_FRAME, indexed }));
  return places.map((place, k) => ({ line, file: images[k] ?? images[0]!, event: numbered(place), indexed }));
}

/** The frames of the experiments in `file`; `line` counts image sets from 1. Throws `UserError` that names `field`. */
export async function readExperiments(file: string, field: string): Promise<readonly ListedFrame[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`cannot be read (${error.code})`, { file, field, remedy: 'check the path' });
  });
  const wrong = new UserError('is no list of DIALS experiments', {
    file,
    field,
    remedy: 'give the .expt file that dials.stills_process wrote',
  });
  const parsed = fileSchema.safeParse(jsonOrUndefined(text));
  if (!parsed.success) throw wrong;
  const { experiment, imageset } = parsed.data;
  const indexed = new Set(experiment.flatMap((one) => (one.crystal === undefined ? [] : [one.imageset])));
  const frames = imageset.flatMap((set, number) => framesOf(file, set, number, indexed.has(number)));
  // One image may stand in several sets, a set a lattice: it was indexed if any of them was.
  const names = (one: ListedFrame): string => `${one.file} ${one.event.text}`;
  const found = new Set(frames.filter((one) => one.indexed).map(names));
  if (frames.length === 0) throw wrong;
  return frames.map((one) => ({ ...one, indexed: found.has(names(one)) }));
}
