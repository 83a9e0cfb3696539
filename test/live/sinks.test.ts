/** Where decisions go: the audit's ledger, ZeroMQ, extra-redu's flags; on full disks, too. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Pull } from 'zeromq';
import { openLedger } from '../../src/audit/ledger.js';
import { summarizeAudit } from '../../src/audit/summary.js';
import { openFrames } from '../../src/data/open.js';
import { convertToUint16 } from '../../src/data/pixels.js';
import { openHdf5 } from '../../src/data/hdf5/file.js';
import type { LiveNetwork } from '../../src/live/decide/network.js';
import type { Delivery } from '../../src/live/decision.js';
import { createSession } from '../../src/live/session.js';
import { cxiSink } from '../../src/live/sinks/cxi.js';
import { exdfSink } from '../../src/live/sinks/exdf.js';
import { grouped } from '../../src/live/sinks/grouped.js';
import { ledgerSink, type LedgerFacts } from '../../src/live/sinks/ledger.js';
import type { LiveSink } from '../../src/live/sinks/sink.js';
import { openSpool } from '../../src/live/sinks/spool.js';
import { decisionsSink } from '../../src/live/sinks/stream.js';
import { openKarabo } from '../../src/live/sources/karabo.js';
import { queryAudit, writeAuditPage } from '../../src/run/audit/read.js';
import { startKaraboServer } from './karabo-server.js';
import { endMessage, imageMessage, messagesOf, startMessageOf } from './emulator.js';
import {
  defined,
  emulated,
  frames,
  graph,
  listSink,
  networkOf,
  networksOf,
  open,
  other,
  RULE,
  run,
  series,
  SETTINGS,
} from './one-session.js';

const known: readonly LiveNetwork[] = [networkOf(graph), networkOf(other)];
const facts = (prescale = 0): LedgerFacts => ({
  run: 'out/run',
  source: 'dectris://test',
  prescale,
  prescaleKey: 0,
  networkOf: (digest) => known.find((one) => one.digest === digest) ?? known[0]!,
});

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-live-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A disk can be mounted. */
const itWithDisk = it.runIf(process.platform === 'linux' && process.getuid?.() === 0);

/** With a disk of `size`. */
const onDisk = (size: string, work: (disk: string) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const disk = join(folder, 'disk');
    execFileSync('mkdir', [disk]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
    try {
      await work(disk);
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });

/** A session with a sink on a disk that has `room` bytes left, and more once the sink says so. */
async function untilThereIsRoom(disk: string, room: number, sink: LiveSink): Promise<void> {
  const filler = join(disk, 'filler');
  const reserve = join(disk, 'reserve');
  if (room > 0) writeFileSync(reserve, Buffer.alloc(room));
  expect(() => {
    for (;;) appendFileSync(filler, Buffer.alloc(4096));
  }).toThrow(/ENOSPC/);
  await rm(reserve, { force: true });
  const said: (string | null)[] = [];
  const { emulator, source } = await emulated();
  const session = createSession(source, networksOf(graph), [sink], SETTINGS, (event) => {
    if (event.event !== 'sink') return;
    said.push(event.problem);
    const [figures] = session.sinks();
    expect(figures!.failing).toBe(event.problem !== null);
    if (event.problem !== null) void rm(filler);
  });
  const done = session.run();
  await emulator.send(messagesOf(series));
  const outcome = await done;
  expect(said).toEqual([expect.any(String), null]);
  expect(outcome.undelivered).toBe(0);
  expect(session.sinks()).toEqual([{ name: sink.name, written: 40, waiting: 0, failing: false }]);
}

const rowsOf = async (folder: string): Promise<readonly (readonly unknown[])[]> =>
  (await queryAudit(folder, 'SELECT frame, number, score, keep, problem FROM frames ORDER BY frame', 1000))
    .rows;

const rightRows = async (of = graph, first = 0): Promise<readonly (readonly unknown[])[]> =>
  (await defined(of)).map(({ score, keep }, i) => [first + i, String(i), score, keep, null]);

describe('the ledger', () => {
  it('holds every decision once, and goes on where an earlier session ended', () =>
    inFolder(async (folder) => {
      const place = join(folder, 'ledger');
      await run(messagesOf(series), {}, networksOf(graph), [await ledgerSink(place, facts())]);
      expect(await rowsOf(place)).toEqual(await rightRows());
      await run(messagesOf(series), {}, networksOf(graph), [await ledgerSink(place, facts())]);
      expect(await rowsOf(place)).toEqual([...(await rightRows()), ...(await rightRows(graph, 40))]);
      const ledger = await openLedger(place);
      open.push(ledger);
      expect(ledger.identity.count).toBe(80);
      expect(await ledger.finished()).toBe(true);
      const summary = await summarizeAudit(ledger);
      expect(summary).toMatchObject({ frames: 80 });
      const page = await writeAuditPage(place, { pictures: 2 });
      expect(await readFile(page, 'utf8')).toContain('80');
    }));

  it('names what was kept undecided, and why', () =>
    inFolder(async (folder) => {
      const place = join(folder, 'ledger');
      const messages = messagesOf(series).map((message) => Uint8Array.from(message));
      messages[3]!.fill(0xff, messages[3]!.length - 200);
      await run(messages, {}, networksOf(graph), [await ledgerSink(place, facts())]);
      const rows = await rowsOf(place);
      expect(rows[2]).toEqual([2, null, null, true, expect.stringMatching(/^malformed: /)]);
      expect(rows.filter(([, , , , problem]) => problem !== null)).toHaveLength(1);
    }));

  it('a network that takes over while frames come has a ledger of its own', () =>
    inFolder(async (folder) => {
      const place = join(folder, 'ledger');
      const { emulator, source } = await emulated();
      const list = listSink();
      const sinks = [list, await ledgerSink(place, facts())];
      const session = createSession(source, networksOf(graph), sinks, SETTINGS, () => undefined);
      const done = session.run();
      const images = frames.map((_, i) => imageMessage(series, i));
      await emulator.send([startMessageOf(series), ...images]);
      while (list.decisions.length < 40) await new Promise((resolve) => setTimeout(resolve, 10));
      session.exchange(networksOf(other));
      await emulator.send([...images, endMessage(series)]);
      await done;
      expect(await rowsOf(place)).toEqual(await rightRows());
      expect(await rowsOf(`${place}-2`)).toEqual(await rightRows(other));
    }));

  itWithDisk('loses nothing where its disk is full for a while (needs a disk to be mounted)', () =>
    onDisk('3m', async (disk) => {
      const place = join(disk, 'ledger');
      await untilThereIsRoom(disk, 0, await ledgerSink(place, facts()));
      expect(await rowsOf(place)).toEqual(await rightRows());
    }),
  );
});

/** The rows of kept frames as they should be, with those of the CXI files in `folder`. */
async function expectKept(folder: string, names: readonly string[]): Promise<void> {
  const right = await defined();
  const kept = frames.flatMap((_, i) => (right[i]!.keep ? [i] : []));
  const seen: { readonly frame: number; readonly pixels: Uint16Array }[] = [];
  for (const name of names) {
    const source = await openFrames(join(folder, name));
    const file = await openHdf5(join(folder, name), 'kept');
    const numbers = file.readAll('/vetoc/frame') as Int32Array;
    file.close();
    for (let i = 0; i < source.count; i++)
      seen.push({ frame: numbers[i]!, pixels: (await source.read(i)).pixels });
    await source.close();
  }
  expect(seen).toEqual(
    kept.map((i) => ({
      frame: i,
      pixels: convertToUint16(frames[i]!.slice(), RULE, null, 1, 'largest').pixels,
    })),
  );
}

describe('kept frames as CXI', () => {
  itWithDisk.each([
    ['as frames come', 0],
    ['once all of them came', 110_000],
  ])('lose none where the disk is full %s (needs a disk to be mounted)', (_, room) =>
    onDisk('1m', async (disk) => {
      await untilThereIsRoom(disk, room, await cxiSink(join(disk, 'kept.cxi')));
      await expectKept(disk, ['kept-0001.cxi']);
      expect((await readdir(disk)).sort()).toEqual(['kept-0001.cxi', 'kept-0001.lst']);
    }),
  );

  /** What a session delivers of the series. */
  async function delivered(): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    const taking: LiveSink = {
      name: 'taking',
      deliver(delivery) {
        deliveries.push(delivery);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    await run(messagesOf(series), {}, networksOf(graph), [taking]);
    return deliveries;
  }

  it('become a file when the sink is opened again, where the process before was killed', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'kept.cxi');
      const killed = await cxiSink(path);
      const deliveries = await delivered();
      for (const delivery of deliveries.slice(0, -1)) await killed.deliver(delivery);
      expect(await readdir(folder)).toEqual(['kept-0001.cxi.frames']);
      // It was killed as it wrote.
      appendFileSync(`${join(folder, 'kept-0001.cxi')}.frames`, Buffer.of(9, 0, 0, 0, 1));
      const next = await cxiSink(path);
      await expectKept(folder, ['kept-0001.cxi']);
      for (const delivery of deliveries) await next.deliver(delivery);
      await next.close();
      await expectKept(folder, ['kept-0002.cxi']);
      expect((await readdir(folder)).filter((name) => name.endsWith('.frames'))).toEqual([]);
    }));

  itWithDisk('hold the stream back while a file cannot be written (needs a disk to be mounted)', () =>
    onDisk('1m', async (disk) => {
      const deliveries = await delivered();
      const sink = await cxiSink(join(disk, 'kept.cxi'));
      for (const delivery of deliveries.slice(0, -1)) await sink.deliver(delivery);
      const filler = join(disk, 'filler');
      expect(() => {
        for (;;) appendFileSync(filler, Buffer.alloc(4096));
      }).toThrow(/ENOSPC/);
      await sink.deliver(deliveries.at(-1)!);
      // The file is written while others are taken: the next delivery hears of it.
      const other: Delivery = { kind: 'other', message: deliveries[0]!.message };
      const takes = (): Promise<boolean> => sink.deliver(other).then(() => true, () => false); // prettier-ignore
      while (await takes()) await new Promise((go) => setTimeout(go, 10));
      await expect(sink.deliver(deliveries[0]!)).rejects.toThrow(/cannot be (written|put in place)/);
      await rm(filler);
      await sink.deliver(deliveries[0]!);
      await sink.close();
      await expectKept(disk, ['kept-0001.cxi']);
    }),
  );

  itWithDisk(
    'stand in records that are whole, whatever part of one a full disk took (needs a disk to be mounted)',
    () =>
      onDisk('256k', async (disk) => {
        const spool = await openSpool(join(disk, 'records'));
        const filler = join(disk, 'filler');
        writeFileSync(filler, Buffer.alloc(100_000));
        const taken: Buffer[] = [];
        let refused = 0;
        for (let i = 0; i < 40; i++) {
          const record = Buffer.alloc(5000 + 100 * i, i);
          await spool.append(record).then(
            () => taken.push(record),
            async () => {
              refused += 1;
              if (refused === 3) await rm(filler);
            },
          );
          if (taken.length === 30) break;
        }
        expect(refused).toBeGreaterThanOrEqual(3);
        const read: Buffer[] = [];
        for await (const record of spool.records()) read.push(Buffer.from(record));
        expect(read.map(({ length }) => length)).toEqual(taken.map(({ length }) => length));
        expect(Buffer.concat(read).equals(Buffer.concat(taken))).toBe(true);
        await spool.close();
      }),
  );
});

describe('rows that are written together', () => {
  it('are written once each, in order, whatever fails; none is taken while nothing can be written', async () => {
    const written: number[] = [];
    let [broken, calls] = [true, 0];
    const rows = grouped<number>((all) => {
      calls += 1;
      if (broken) return Promise.reject(new Error('no space left'));
      written.push(...all);
      return Promise.resolve();
    });
    let refused = 0;
    for (let i = 0; i < 600;) {
      try {
        await rows.add(i);
        i += 1;
      } catch {
        refused += 1;
        expect(rows.waiting()).toBe(255);
        if (refused === 3) broken = false;
      }
    }
    await rows.flush();
    expect(written).toEqual(Array.from({ length: 600 }, (_, i) => i));
    expect(calls).toBeLessThan(10);
    expect(rows.waiting()).toBe(0);
  });
});

it('decisions go over ZeroMQ, a message each', async () => {
  const sink = await decisionsSink('127.0.0.1:45175', graph.classNames);
  const pull = new Pull({ linger: 0 });
  open.push(pull);
  pull.connect('tcp://127.0.0.1:45175');
  const told: { readonly frame: number; readonly score: number; readonly network: string }[] = [];
  const receiving = (async () => {
    while (told.length < frames.length) {
      const [message] = await pull.receive();
      told.push(JSON.parse(String(message)) as (typeof told)[number]);
    }
  })();
  await run(messagesOf(series), {}, networksOf(graph), [sink]);
  await receiving;
  const right = await defined();
  expect(told.map(({ frame, score, network }) => [frame, score, network])).toEqual(
    right.map(({ score }, i) => [i, score, networkOf(graph).digest]),
  );
});

it('flags of trains and pulses are those that extra-redu writes', () =>
  inFolder(async (folder) => {
    const host = await startKaraboServer(open);
    const source = await openKarabo(host, { idleMs: 60_000, bufferBytes: 16e6 });
    open.push(source);
    const list = listSink();
    const { threshold } = graph;
    const sinks = [list, exdfSink(join(folder, 'flags.h5'), { threshold, prescale: 0 })];
    await createSession(source, networksOf(graph), sinks, { ...SETTINGS, frames: 3 }, () => undefined).run();
    const file = await openHdf5(join(folder, 'flags-0001.h5'), 'flags');
    open.push(file);
    const group = '/INSTRUMENT/SPB_DET_AGIPD1M-1/REDU/SPI_HITFINDER:output/data';
    const column = (name: string): readonly number[] =>
      Array.from(file.readAll(`${group}/${name}`) as ArrayLike<number | bigint>, Number);
    expect(column('trainId')).toEqual([1000000123, 1000000123, 1000000123]);
    expect(column('pulseId')).toEqual([0, 4, 8]);
    expect(column('hitscore')).toEqual(list.decisions.map(({ score }) => score));
    const kept = list.decisions.map(({ keep }) => Number(keep));
    expect(column('hitFlag')).toEqual(kept);
    expect(column('dataFlag')).toEqual(kept);
    expect(column('missFlag')).toEqual([0, 0, 0]);
  }));
