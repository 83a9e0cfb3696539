/** What is in files of frames. */
import { UserError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import { expandArgument, parseFrameArgument } from '../data/arguments.js';
import type { Experiment } from '../data/experiment.js';
import type { FrameSource } from '../data/frames.js';
import {
  fileFacts,
  frameStatistics,
  labelFacts,
  type FileFacts,
  type FrameStatistics,
} from '../data/inspect.js';
import type { Note } from '../data/notes.js';
import { openRaw } from '../data/stored.js';
import { streamFrames, type BadFrame } from '../data/stream.js';
import { greyPicture, pngBytes } from '../draw/picture.js';
import type { Emit } from './events.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';
import { openFrameArguments } from './open-frames.js';

export interface InspectRequest extends FrameOptionValues {
  /** Frames with statistics, spread over all: a number, or `all`. */
  readonly frames: number | 'all';
  /** File for the picture of the frame `frame`. */
  readonly png?: string;
  readonly frame: number;
}

export interface Inspection {
  /** Of the first files, and how many there are. */
  readonly files: readonly FileFacts[];
  readonly fileCount: number;
  readonly frames: number;
  readonly height: number;
  readonly width: number;
  readonly classNames: readonly string[] | null;
  /** Of the first frame. */
  readonly experiment: Experiment | undefined;
  readonly labels: ReturnType<typeof labelFacts>;
  readonly notes: readonly Note[];
  readonly statistics: readonly FrameStatistics[];
  readonly bad: readonly BadFrame[];
}

/** So many files are described one by one. */
const DESCRIBED_FILES = 10;

async function describeFiles(
  texts: readonly string[],
  options: InspectRequest,
): Promise<{ readonly facts: readonly FileFacts[]; readonly total: number }> {
  const facts: FileFacts[] = [];
  let total = 0;
  for (const text of texts) {
    const argument = parseFrameArgument(text);
    const files = await expandArgument(argument).catch((error: unknown) => {
      // A tree of folders (DiffraNet) holds no frames at its top: the source describes it.
      if (error instanceof UserError) return [];
      throw error;
    });
    total += files.length;
    for (const file of files.slice(0, DESCRIBED_FILES - facts.length)) {
      const dataset = argument.dataset === null ? '' : `#${argument.dataset}`;
      try {
        const raw = await openRaw(`${file}${dataset}`, frameOptions(options));
        facts.push(fileFacts(raw));
        await raw.close();
      } catch (error) {
        if (!(error instanceof UserError) || options.skipBad !== true) throw error;
      }
    }
  }
  return { facts, total };
}

async function measure(source: FrameSource, wanted: number | 'all'): Promise<readonly FrameStatistics[]> {
  const frames = wanted === 'all' ? source.count : Math.min(source.count, wanted);
  const statistics: FrameStatistics[] = [];
  const indices = Array.from({ length: frames }, (_, k) => Math.floor((k * source.count) / frames));
  for await (const { index, frame } of streamFrames(source, { indices })) {
    const origin = source.origin(index);
    statistics.push({ index, file: origin.file, fileIndex: origin.index, ...frameStatistics(frame) });
  }
  return statistics;
}

async function draw(source: FrameSource, { png, frame: index }: InspectRequest): Promise<void> {
  if (png === undefined) return;
  const frame = await source.read(index);
  const picture = greyPicture(frame.pixels, frame.height, frame.width, { mask: frame.mask });
  await writeFileAtomic(png, pngBytes(picture));
}

/** Describes the frames that `texts` name. Throws `UserError`. */
export async function inspectFrames(
  texts: readonly string[],
  request: InspectRequest,
  emit: Emit,
): Promise<Inspection> {
  const described = await describeFiles(texts, request);
  const { source, bad } = await openFrameArguments(texts, request, emit);
  try {
    const statistics = await measure(source, request.frames);
    await draw(source, request);
    const { count: frames, height, width, classNames, notes = [] } = source;
    const experiment = frames === 0 ? undefined : (await source.read(0)).experiment;
    const labels = labelFacts(source);
    const of = { frames, height, width, classNames, experiment, labels, notes, statistics, bad };
    return { files: described.facts, fileCount: described.total, ...of };
  } finally {
    await source.close();
  }
}
