/**
 * The firmware's own decision words as a meter: 32 bytes a frame, as an AXI DMA puts them into memory, and a list of what the
 * experiment's analysis found in the frames that were kept. No frame is read: how many hits are gone follows from these two.
 */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { meterNight, statedNumber, type MeteredCounts, type MeteredNight } from '../../audit/meter.js';
import { DECISION_BITS, DECISION_FIELDS } from '../../backends/dataflow/interface.js';
import { UserError } from '../../core/errors.js';
import { MAX_PRESCALE } from '../../ir/prescale.js';
import { confidenceOfLook } from '../../statistics/metered-loss.js';

export interface DecisionMeterOptions {
  /** CSV of `number,hit` with 1 or 0, a line for each kept frame that was judged. */
  readonly judged: string;
  readonly lose: number;
  readonly confidence: number;
  /** Which look this is, where a figure is watched while it grows; all looks together are then as sure as one. */
  readonly look: number;
  /** The answer as JSON, where a command asks. */
  readonly json?: boolean;
}

const BYTES = DECISION_BITS / 8;

/** Reads a field of at most 64 bits from a word at `at`. */
function reader(name: string): (bytes: Buffer, at: number) => bigint {
  const field = DECISION_FIELDS.find((f) => f.name === name)!;
  const width = BigInt(field.high - field.low + 1);
  const first = Math.floor(field.low / 8);
  const shift = BigInt(field.low % 8);
  return (bytes, at) =>
    BigInt.asUintN(
      Number(width),
      bytes.readBigUInt64LE(at + Math.min(first, BYTES - 8)) >>
        (shift + 8n * BigInt(first - Math.min(first, BYTES - 8))),
    );
}
const numberOf = reader('number');
const flag = (name: string): ((bytes: Buffer, at: number) => boolean) => {
  const read = reader(name);
  return (bytes, at) => read(bytes, at) === 1n;
};
const byScore = flag('by_score');
const byPrescale = flag('by_prescale');
const malformed = flag('malformed');
const upset = flag('upset');
const passThrough = flag('by_pass_through');
const weightOf = reader('weight');

/** What people or programs said of frames: a line a frame, the last one counts. */
async function readJudged(file: string): Promise<ReadonlyMap<bigint, boolean>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`, {
      file,
      field: '--judged',
      remedy: 'give a CSV file of number,hit',
    });
  });
  const judged = new Map<bigint, boolean>();
  text.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '' || (i === 0 && /^number,/i.test(line))) return;
    const [number = '', hit = ''] = line.split(',').map((cell) => cell.trim());
    const known = statedNumber(number);
    if (known === null || (hit !== '0' && hit !== '1'))
      throw new UserError(`line ${i + 1} is not a frame number and 0 or 1`, {
        file,
        field: '--judged',
        remedy: 'write number,hit: 1234,1 for a hit',
      });
    judged.set(known, hit === '1');
  });
  return judged;
}

/** The words of `file`, in order; the part of one at the end is not there yet. */
async function* words(file: string): AsyncGenerator<{ readonly bytes: Buffer; readonly at: number }> {
  let rest = Buffer.alloc(0);
  const stream = createReadStream(file, { highWaterMark: 1 << 20 });
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.concat([rest, chunk as Buffer]);
      const whole = bytes.length - (bytes.length % BYTES);
      for (let at = 0; at < whole; at += BYTES) yield { bytes, at };
      rest = bytes.subarray(whole);
    }
  } catch (error) {
    throw new UserError(`cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`, {
      file,
      remedy: 'give the file that the decision words were written to',
    });
  }
}

type Mutable = { -readonly [K in keyof MeteredCounts]: MeteredCounts[K] };

/** What the words in the file `decisions`, one after the other, and the judgements say of the hits lost. Throws `UserError`. */
export async function meterDecisions(
  decisions: string,
  { judged: list, lose, confidence, look }: DecisionMeterOptions,
): Promise<MeteredNight> {
  const judged = await readJudged(list);
  const counts: Mutable = {
    misses: 0,
    keptMisses: 0,
    hitsAmongThem: 0,
    unjudgedAmongThem: 0,
    keptHits: 0,
    keptUnjudged: 0,
  };
  let n = 0;
  let passed = false;
  for await (const { bytes, at } of words(decisions)) {
    if (passThrough(bytes, at)) passed = true;
    // Malformed and upset frames are kept: nothing was lost with them, and the score says nothing.
    const kept = byScore(bytes, at) || malformed(bytes, at) || upset(bytes, at);
    const hit = judged.get(numberOf(bytes, at));
    if (kept) {
      if (hit === undefined) counts.keptUnjudged += 1;
      else if (hit) counts.keptHits += 1;
      continue;
    }
    counts.misses += 1;
    if (!byPrescale(bytes, at)) continue;
    counts.keptMisses += 1;
    if (hit === undefined) counts.unjudgedAmongThem += 1;
    else if (hit) counts.hitsAmongThem += 1;
    const weight = Number(weightOf(bytes, at));
    if (n !== 0 && weight !== n)
      throw new UserError(`the prescale was changed from ${n} to ${weight} while these words were written`, {
        file: decisions,
        remedy: 'give the words of one setting at a time',
      });
    n = weight;
  }
  if (passed)
    throw new UserError('every frame was kept (pass-through): nothing was lost', {
      file: decisions,
      remedy: 'compare scores and labels instead: vetoc evaluate',
    });
  if (n < 1 || n > MAX_PRESCALE)
    throw new UserError('no word says that the prescale kept a miss', {
      file: decisions,
      remedy: 'set the prescale register of the firmware: 100 keeps one miss in 100',
    });
  const settings = { n, key: 0, number: 'number', lost: lose, confidence };
  return meterNight(counts, settings, look === 1 ? confidence : confidenceOfLook(confidence, look));
}
