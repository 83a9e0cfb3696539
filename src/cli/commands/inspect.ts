/** `vetoc inspect`: what is in files of frames, in words, numbers and a picture. */
import type { Command } from 'commander';
import { table } from '../../core/table.js';
import type { Experiment } from '../../data/experiment.js';
import type { FileFacts } from '../../data/inspect.js';
import { describeNote, type Note } from '../../data/notes.js';
import { inspectFrames, type Inspection, type InspectRequest } from '../../run/inspect.js';
import { say, sayJson, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';

interface Options extends InspectRequest {
  readonly json?: boolean;
}

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

async function inspect(texts: readonly string[], options: Options): Promise<void> {
  const { fileCount, ...found } = await inspectFrames(
    texts,
    { ...options, overloads: options.overloads ?? 'mask' },
    showEvents(),
  );
  if (options.json === true) {
    sayJson(found);
    return;
  }
  const { files, frames, height, width, bad } = found;
  for (const facts of files) sayFile(facts);
  if (fileCount > files.length) say(`… and ${fileCount - files.length} more files\n`);
  const skipped = bad.length > 0 ? `, ${bad.length} skipped` : '';
  say(`${frames} frames of ${height}×${width} for the network${skipped}`);
  sayExperiment(found.experiment);
  sayNotes(found.notes);
  sayLabels(found.labels);
  sayStatistics(found);
  if (options.png !== undefined) say(`\nframe ${options.frame} is drawn in ${options.png}`);
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

function sayLabels(labels: Inspection['labels']): void {
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

function sayStatistics({ statistics, height, width }: Omit<Inspection, 'fileCount'>): void {
  const pixels = height * width;
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
