/**
 * The tables of a ledger. A ledger holds `frame_rows` (what was computed, never changed), `verdicts` (what people said),
 * `windows` (made at the end from the rows) and `meta` (what the audit was asked for). The view `frames` joins them with
 * the flags; it is what queries are meant to read.
 */
import { FLAG_NAMES, flagConditions, type FlagLimits } from './flags.js';
import type { FrameRow } from './rows.js';

export const LEDGER_VERSION = 3;
/** Of a ledger whose rows stand in Parquet parts beside it: who knows only version 3 would find none. */
export const JOINED_VERSION = 4;

export const VERDICTS = ['right', 'wrong', 'unsure'] as const;
export type Verdict = (typeof VERDICTS)[number];

type SqlType = 'INTEGER' | 'DOUBLE' | 'BOOLEAN' | 'VARCHAR';

/** Column name and type of every field of a row, in the order of the table. */
export const ROW_COLUMNS: {
  readonly [K in keyof FrameRow]: { readonly name: string; readonly type: SqlType };
} = {
  frame: { name: 'frame', type: 'INTEGER' },
  file: { name: 'file', type: 'VARCHAR' },
  fileIndex: { name: 'file_index', type: 'INTEGER' },
  time: { name: 'time', type: 'VARCHAR' },
  number: { name: 'number', type: 'VARCHAR' },
  prescaled: { name: 'prescaled', type: 'BOOLEAN' },
  hit: { name: 'hit', type: 'BOOLEAN' },
  indexable: { name: 'indexable', type: 'BOOLEAN' },
  keep: { name: 'keep', type: 'BOOLEAN' },
  className: { name: 'class_name', type: 'VARCHAR' },
  score: { name: 'score', type: 'INTEGER' },
  margin: { name: 'margin', type: 'INTEGER' },
  marginBits: { name: 'margin_bits', type: 'INTEGER' },
  floatScore: { name: 'float_score', type: 'DOUBLE' },
  floatKeep: { name: 'float_keep', type: 'BOOLEAN' },
  spots: { name: 'spots', type: 'INTEGER' },
  strongestSnr: { name: 'strongest_snr', type: 'DOUBLE' },
  resolutionRadius: { name: 'resolution_px', type: 'DOUBLE' },
  resolutionA: { name: 'resolution_a', type: 'DOUBLE' },
  distance: { name: 'distance', type: 'DOUBLE' },
  meanLevel: { name: 'mean_level', type: 'DOUBLE' },
  problem: { name: 'problem', type: 'VARCHAR' },
};

/** In the ledger it holds what earlier versions wrote there; a `TEMP` one holds the file of verdicts, too. */
export const VERDICTS_TABLE = `verdicts (frame INTEGER PRIMARY KEY, verdict VARCHAR NOT NULL, note VARCHAR NOT NULL,
    reviewed_at VARCHAR NOT NULL)`;

/** Statements that make an empty ledger. */
export const CREATE_TABLES: readonly string[] = [
  'CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)',
  `CREATE TABLE frame_rows (${Object.values(ROW_COLUMNS)
    .map(({ name, type }) => `${name} ${type}${name === 'frame' ? ' PRIMARY KEY' : ''}`)
    .join(', ')}, sample_key INTEGER NOT NULL)`,
  `CREATE TABLE windows (first_frame INTEGER, last_frame INTEGER, scored INTEGER, median_score DOUBLE,
    kept_share DOUBLE, drifted BOOLEAN)`,
  `CREATE TABLE ${VERDICTS_TABLE}`,
];

/** Where the rows stand: in the ledger, or where the view of whoever opened it finds them, as in parts. */
const rowsOf = (temporary: boolean): string => (temporary ? 'temp.ledger_rows' : 'main.frame_rows');

/**
 * The view that everyone reads; made when the limits are known. Whoever opens a ledger makes it anew (`TEMP`): a view that
 * somebody else put there is not trusted, and verdicts come from the file beside the ledger.
 */
export function createFramesView(limits: FlagLimits, temporary = false): string {
  const conditions = flagConditions(limits);
  const flags = FLAG_NAMES.map((name) => `(${conditions[name]}) AS ${name}`).join(',\n  ');
  const count = FLAG_NAMES.map((name) => `${name}::INTEGER`).join(' + ');
  return `CREATE OR REPLACE ${temporary ? 'TEMP ' : ''}VIEW frames AS SELECT *, ${count} AS flag_count FROM (
  SELECT r.* EXCLUDE (sample_key), ${flags}, v.verdict, v.note
  FROM ${rowsOf(temporary)} r
  LEFT JOIN main.windows w ON w.drifted AND r.frame BETWEEN w.first_frame AND w.last_frame
  LEFT JOIN ${temporary ? 'temp' : 'main'}.verdicts v ON v.frame = r.frame)`;
}

/** Frames of each stratum that the review sample holds. */
export const SAMPLE_SIZE = 100;

/**
 * The review sample: vetoed frames in two strata (with and without enough spots), a fixed random order in each. It
 * does not depend on what was reviewed before, and its beginning is a random sample itself.
 */
export function createSampleView({ spotThreshold }: FlagLimits, temporary = false): string {
  return `CREATE OR REPLACE ${temporary ? 'TEMP ' : ''}VIEW review_sample AS SELECT frame, with_peaks, place FROM (
  SELECT frame, with_peaks, row_number() OVER (PARTITION BY with_peaks ORDER BY sample_key, frame) AS place
  FROM (SELECT frame, sample_key, coalesce(spots >= ${spotThreshold}, false) AS with_peaks
    FROM ${rowsOf(temporary)} WHERE NOT keep)) WHERE place <= ${SAMPLE_SIZE}`;
}

/** A fixed scramble of the frame number (the finalizer of MurmurHash3), as a signed integer. */
export function sampleKey(frame: number): number {
  let h = frame | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
