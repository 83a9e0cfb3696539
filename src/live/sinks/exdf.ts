/**
 * Flags of frames as extra-redu writes them, which EXtra-data reads: `exdf:FLAGS.h5` gives FLAGS-0001.h5 …, for trains of
 * European XFEL. What is kept for another reason than its score (malformed, late) has `dataFlag` alone.
 *
 * A file is whole, and has its name, when its series ends or it holds `EVENTS_A_FILE` frames; until then its rows are in memory:
 * a killed process loses them, and no decision of another sink.
 */
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { UserError } from '../../core/errors.js';
import { writeEventsExdf, type KeptEvent } from '../../data/write/kept-exdf.js';
import { UNREADABLE } from '../../data/write/score-journal.js';
import type { Decision } from '../decision.js';
import { trainAndPulse } from '../sources/karabo.js';
import type { LiveSink } from './sink.js';

const EVENTS_A_FILE = 500_000;

export interface FlagSettings {
  readonly threshold: number;
  readonly prescale: number;
}

function eventOf({ keep, reason, score, networkKeep }: Decision, number: number): KeptEvent {
  return {
    ...trainAndPulse(number),
    score: score ?? UNREADABLE,
    hit: networkKeep === true,
    miss: reason === 'prescale',
    kept: keep,
  };
}

/** Throws `UserError` where `path` has not the ending of HDF5. */
export function exdfSink(path: string, settings: FlagSettings): LiveSink {
  const end = extname(path);
  if (end !== '.h5' && end !== '.hdf5')
    throw new UserError('has an ending that says no HDF5', {
      file: path,
      field: '--to',
      remedy: 'write exdf:FLAGS.h5',
    });
  const stem = path.slice(0, -end.length);
  let detector = 'VETOC';
  let [number, events]: [number, KeptEvent[]] = [0, []];

  async function finish(): Promise<void> {
    if (events.length === 0) return;
    const name = (n: number): string => `${stem}-${String(n).padStart(4, '0')}${end}`;
    let free = number + 1;
    while (existsSync(name(free))) free += 1;
    await writeEventsExdf(name(free), events, { ...settings, detector, run: 0, modules: 1 });
    [number, events] = [free, []];
  }

  return {
    name: `exdf:${path}`,
    async deliver(delivery) {
      if (delivery.kind === 'start') {
        await finish();
        detector = delivery.facts.series.split('/')[0] ?? detector;
      } else if (delivery.kind === 'end') await finish();
      else if (delivery.kind === 'frame' && delivery.decision.number !== null) {
        if (events.length >= EVENTS_A_FILE) await finish();
        events.push(eventOf(delivery.decision, delivery.decision.number));
      }
    },
    held: () => events.length,
    close: finish,
  };
}
