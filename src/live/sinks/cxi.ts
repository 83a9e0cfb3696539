/**
 * Kept frames as CXI files with a list for indexamajig beside each: `kept.cxi` gives kept-0001.cxi, kept-0001.lst …
 *
 * A frame that is taken is on disk, in kept-0001.cxi.frames; that becomes a CXI file when its series ends or it holds
 * `FRAMES_A_FILE` frames. HDF5 is no journal: a file of it that a full disk or a kill cuts off is lost as a whole. What a killed
 * process leaves becomes a file when the same sink is opened again. A frame whose image cannot be decoded is saved as it
 * came, beside the files.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import type { Delivery } from '../decision.js';
import type { SeriesFacts } from '../source.js';
import { cxiFileOf, frameRecord, seriesRecord } from './cxi-file.js';
import type { LiveSink } from './sink.js';
import { openSpool, type Spool } from './spool.js';

const FRAMES_A_FILE = 1000;
const SPOOLED = '.frames';

interface Growing {
  /** Of the file that it becomes. */
  readonly path: string;
  readonly spool: Spool;
  frames: number;
}

/** Frames that are on disk become files one after the other, while others are taken. */
interface Finisher {
  /** Waits for those before; rejects, and has not taken `done`, where one of them cannot be written. */
  finish(done: Growing): Promise<void>;
  /** Resolves once all are files; rejects where one cannot be, and is tried again at the next call. */
  all(): Promise<void>;
  /** The same where something went wrong. */
  mend(): Promise<void>;
}

function createFinisher(): Finisher {
  const waiting: Growing[] = [];
  let failed = false;
  let working: Promise<void> | null = null;

  async function work(): Promise<void> {
    failed = true;
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      await cxiFileOf(next.path, next.spool);
      await next.spool.remove();
      waiting.shift();
    }
    failed = false;
  }
  function all(): Promise<void> {
    working ??= work().finally(() => {
      working = null;
    });
    return working;
  }
  return {
    all,
    mend: () => (failed && working === null ? all() : Promise.resolve()),
    async finish(done) {
      await all();
      waiting.push(done);
      // Who delivers next hears of it.
      all().catch(() => undefined);
    },
  };
}

/** Throws `UserError` where what an earlier process left cannot be written. */
export async function cxiSink(path: string): Promise<LiveSink> {
  const end = extname(path);
  const stem = join(dirname(path), basename(path, end));
  let [number, lost] = [0, 0];
  let facts: SeriesFacts | null = null;
  let growing: Growing | null = null;
  const finisher = createFinisher();

  async function recover(): Promise<void> {
    const folder = dirname(path);
    const left = existsSync(folder) ? readdirSync(folder) : [];
    const mine = (name: string): boolean =>
      name.startsWith(`${basename(stem)}-`) && name.endsWith(`${end}${SPOOLED}`);
    for (const name of left.filter(mine).sort()) {
      const spool = await openSpool(join(folder, name));
      await finisher.finish({ path: spool.path.slice(0, -SPOOLED.length), spool, frames: 0 });
    }
    await finisher.all();
  }

  async function begin(of: SeriesFacts): Promise<Growing> {
    const nameOf = (): string => `${stem}-${String(number).padStart(4, '0')}${end}`;
    do number += 1;
    while (existsSync(nameOf()) || existsSync(`${nameOf()}${SPOOLED}`));
    const spool = await openSpool(`${nameOf()}${SPOOLED}`);
    try {
      await spool.append(seriesRecord(of));
    } catch (error) {
      await spool.remove();
      number -= 1;
      throw error;
    }
    return { path: nameOf(), spool, frames: 0 };
  }

  async function finish(): Promise<void> {
    if (growing === null) return;
    await finisher.finish(growing);
    growing = null;
  }

  async function keep(delivery: Extract<Delivery, { kind: 'frame' }>): Promise<void> {
    const pixels = facts === null ? null : delivery.pixels();
    if (pixels === null) {
      const { raw } = delivery.message;
      if (raw === null) return;
      do lost += 1;
      while (existsSync(`${stem}-undecoded-${lost}.cbor`));
      return writeFileAtomic(`${stem}-undecoded-${lost}.cbor`, raw);
    }
    if (growing !== null && growing.frames >= FRAMES_A_FILE) await finish();
    growing ??= await begin(facts!);
    await growing.spool.append(frameRecord(pixels, delivery.decision));
    growing.frames += 1;
  }

  await recover();
  return {
    name: path,
    async deliver(delivery) {
      await finisher.mend();
      if (delivery.kind === 'start') {
        await finish();
        ({ facts } = delivery);
      } else if (delivery.kind === 'end') await finish();
      else if (delivery.kind === 'frame' && delivery.decision.keep) await keep(delivery);
    },
    async close() {
      await finish();
      await finisher.all();
    },
  };
}

/** Refuses a name that says another format. */
export function checkCxiName(path: string): void {
  if (!['.cxi', '.h5'].includes(extname(path)))
    throw new UserError('has an ending that says no format', {
      file: path,
      field: '--to',
      remedy: 'end it in .cxi or .jsonl, or write stream://*:PORT',
    });
}
