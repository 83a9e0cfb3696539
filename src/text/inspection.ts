/** What is in files of frames, in words. */
import { table } from '../core/table.js';
import type { Experiment } from '../data/experiment.js';
import type { FileFacts } from '../data/inspect.js';
import { describeNote, type Note } from '../data/notes.js';
import type { Inspection } from '../run/inspect.js';

type Say = (line?: string) => void;

/** Files, what the network sees of them, statistics. */
export function inspectionText({ fileCount, ...found }: Inspection): string {
  const lines: string[] = [];
  const say: Say = (line = '') => lines.push(line);
  const { files, frames, height, width, bad } = found;
  for (const facts of files) sayFile(say, facts);
  if (fileCount > files.length) say(`… and ${fileCount - files.length} more files\n`);
  const skipped = bad.length > 0 ? `, ${bad.length} skipped` : '';
  say(`${frames} frames of ${height}×${width} for the network${skipped}`);
  sayExperiment(say, found.experiment);
  sayNotes(say, found.notes);
  sayLabels(say, found.labels);
  sayStatistics(say, found);
  return lines.join('\n');
}

function sayFile(say: Say, facts: FileFacts): void {
  say(facts.file);
  const { values, below, above, ranges } = facts.masked;
  const rules = [
    ...values.map(String),
    ...ranges.map(([from, to]) => `${from} to ${to}`),
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
function sayExperiment(say: Say, experiment: Experiment | undefined): void {
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
function sayNotes(say: Say, notes: readonly Note[]): void {
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

function sayLabels(say: Say, labels: Inspection['labels']): void {
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

function sayStatistics(say: Say, { statistics, height, width }: Omit<Inspection, 'fileCount'>): void {
  const pixels = height * width;
  const percent = (n: number): string => `${((100 * n) / pixels).toFixed(2)} %`;
  const counted = statistics.some((one) => one.overloads !== null);
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
    ...(counted ? [String(one.overloads ?? '')] : []),
  ]);
  const head = ['frame', 'min', 'median', 'mean', '99.9 %', 'max', 'zeros', 'at 65535', 'masked'];
  say(table(counted ? [...head, 'overloads'] : head, rows));
}
