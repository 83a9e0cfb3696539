/** `vetoc inspect`: what is in files of frames, in words, numbers and a picture. */
import type { Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { greyPicture, pngBytes } from '../../draw/picture.js';
import { expandArgument, parseFrameArgument } from '../../data/arguments.js';
import type { Experiment } from '../../data/experiment.js';
import type { FrameSource } from '../../data/frames.js';
import {
  fileFacts,
  frameStatistics,
  labelFacts,
  type FileFacts,
  type FrameStatistics,
} from '../../data/inspect.js';
import { describeNote, type Note } from '../../data/notes.js';
import { openRaw } from '../../data/stored.js';
import { streamFrames } from '../../data/stream.js';
import { say, sayJson, showEvents } from '../console.js';
import { table } from '../../core/table.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { frameOptions, type FrameOptionValues } from '../../run/frame-options.js';
import { openFrameArguments } from '../../run/open-frames.js';

interface InspectOptions extends FrameOptionValues {
  readonly frames: string;
  readonly png?: string;
  readonly frame: string;
  readonly json?: boolean;
}

/** So many files are described one by one. */
const DESCRIBED_FILES = 10;

export function define(command: Command): void {
  command
    .argument('<frames...>', 'the frames')
    .option('--frames <n>', 'statistics of this many frames, spread over all; "all" for every one', '10')
    .option('--png <file.png>', 'write a picture of one frame, masked pixels in blue')
    .option('--frame <n>', 'the frame of the picture', '0')
    .option('--json', 'print everything as JSON');
  addFrameOptions(command)
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExamples:\n  vetoc inspect run12.cxi\n  vetoc inspect run12_master.h5 --frames 100 --json\n  vetoc inspect 'night/*.cbf' --frame 7 --png seven.png`,
    )
    .action(inspect);
}

function wholeNumber(text: string, field: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0)
    throw new UserError(`'${text}' is no whole number`, { field });
  return value;
}

async function describeFiles(
  texts: readonly string[],
  options: InspectOptions,
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

async function measure(source: FrameSource, wanted: string): Promise<readonly FrameStatistics[]> {
  const frames = wanted === 'all' ? source.count : Math.min(source.count, wholeNumber(wanted, '--frames'));
  const statistics: FrameStatistics[] = [];
  const indices = Array.from({ length: frames }, (_, k) => Math.floor((k * source.count) / frames));
  for await (const { index, frame } of streamFrames(source, { indices })) {
    const origin = source.origin(index);
    statistics.push({ index, file: origin.file, fileIndex: origin.index, ...frameStatistics(frame) });
  }
  return statistics;
}

async function inspect(texts: readonly string[], options: InspectOptions): Promise<void> {
  const described = await describeFiles(texts, options);
  const { source, bad } = await openFrameArguments(texts, options, showEvents());
  try {
    const statistics = await measure(source, options.frames);
    if (options.png !== undefined) {
      const index = wholeNumber(options.frame, '--frame');
      const frame = await source.read(index);
      const picture = greyPicture(frame.pixels, frame.height, frame.width, { mask: frame.mask });
      await writeFileAtomic(options.png, pngBytes(picture));
    }
    const labels = labelFacts(source);
    const experiment = source.count === 0 ? undefined : (await source.read(0)).experiment;
    const { count: frames, height, width, classNames } = source;
    if (options.json === true) {
      const notes = source.notes ?? [];
      const of = { frames, height, width, classNames, experiment, labels, notes };
      sayJson({ files: described.facts, ...of, statistics, bad });
      return;
    }
    for (const facts of described.facts) sayFile(facts);
    if (described.total > described.facts.length)
      say(`… and ${described.total - described.facts.length} more files\n`);
    say(
      `${frames} frames of ${height}×${width} for the network${bad.length > 0 ? `, ${bad.length} skipped` : ''}`,
    );
    sayExperiment(experiment);
    sayNotes(source.notes ?? []);
    sayLabels(labels);
    sayStatistics(statistics, source);
    if (options.png !== undefined) say(`\nframe ${options.frame} is drawn in ${options.png}`);
  } finally {
    await source.close();
  }
}

function sayFile(facts: FileFacts): void {
  say(facts.file);
  const { values, below, above } = facts.masked;
  const rules = [
    ...values.map(String),
    ...(below === null ? [] : [`below ${below}`]),
    ...(above === null ? [] : [`above ${above}`]),
    ...(facts.pixelType.startsWith('float') ? ['NaN'] : []),
  ];
  const rows = [
    ['format', facts.format],
    ...(facts.dataset === null ? [] : [['dataset', facts.dataset]]),
    ['frames', `${facts.frames} × ${facts.frameShape.join('×')} ${facts.pixelType}`],
    ['stored', facts.storage],
    ...(rules.length === 0 ? [] : [['masked', `values ${rules.join(', ')}`]]),
    ...Object.entries(facts.details).map(([name, value]) => [
      name,
      String(value).replace(/\s+/g, ' ').slice(0, 100),
    ]),
  ];
  for (const [name, value] of rows) say(`  ${name!.padEnd(20)}${value}`);
  say();
}

/** Beam, wavelength, distance and pixel size of the first frame, as headers and geometry say them. */
function sayExperiment(experiment: Experiment | undefined): void {
  if (experiment === undefined) return;
  const { beamX, beamY, wavelengthA, distanceMm, pixelMm, sensor } = experiment;
  const said = [
    ...(beamX === null || beamY === null ? [] : [`beam at x ${beamX.toFixed(2)}, y ${beamY.toFixed(2)}`]),
    ...(wavelengthA === null ? [] : [`${wavelengthA.toPrecision(5)} Å`]),
    ...(distanceMm === null ? [] : [`${distanceMm.toPrecision(5)} mm away`]),
    ...(pixelMm === null ? [] : [`pixels of ${pixelMm.toPrecision(4)} mm`]),
    ...(sensor === null ? [] : [sensor]),
  ];
  if (said.length > 0) say(`  ${'geometry'.padEnd(20)}${said.join(', ')}`);
}

/** What was taken from where, and what was not understood or left unused. */
function sayNotes(notes: readonly Note[]): void {
  const parts = [
    ['taken', notes.filter((note) => note.kind === 'taken' && note.about !== 'unused')],
    ['not needed', notes.filter((note) => note.kind === 'taken' && note.about === 'unused')],
    ['warnings', notes.filter((note) => note.kind === 'warning')],
  ] as const;
  for (const [name, some] of parts)
    some.forEach((note, i) => {
      say(`  ${(i === 0 ? name : '').padEnd(20)}${note.about}: ${describeNote(note)}`);
    });
}

const counts = (record: Readonly<Record<string, number>>): string =>
  Object.entries(record)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

function sayLabels(labels: ReturnType<typeof labelFacts>): void {
  const rows = [
    ['classes', counts(labels.classes)],
    ['labels', labels.hits + labels.misses === 0 ? '' : `${labels.hits} hits, ${labels.misses} misses`],
    ['splits', counts(labels.splits)],
    ['groups', labels.groups === 0 ? '' : String(labels.groups)],
    ['spots', labels.framesWithSpots === 0 ? '' : `listed for ${labels.framesWithSpots} frames`],
    ['per frame', labels.facts.join(', ')],
  ];
  for (const [name, value] of rows) if (value !== '') say(`  ${name!.padEnd(20)}${value}`);
  say();
}

function sayStatistics(statistics: readonly FrameStatistics[], source: FrameSource): void {
  const pixels = source.height * source.width;
  const percent = (n: number): string => `${((100 * n) / pixels).toFixed(2)} %`;
  const rows = statistics.map((one) => [
    String(one.index),
    String(one.min),
    String(one.median),
    one.mean.toFixed(3),
    String(one.q999),
    String(one.max),
    percent(one.zeros),
    String(one.saturated),
    percent(one.masked),
  ]);
  say(table(['frame', 'min', 'median', 'mean', '99.9 %', 'max', 'zeros', 'at 65535', 'masked'], rows));
}
