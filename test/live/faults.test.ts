/** A session through what goes wrong around it: a detector that is killed again and again, and messages that are damaged. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'cborg';
import { expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/core/random.js';
import { createSession, type LiveEvent } from '../../src/live/session.js';
import { openSimplon } from '../../src/live/sources/simplon.js';
import { endMessage, imageMessage, startMessageOf } from './emulator.js';
import {
  defined,
  emulated,
  frames,
  graph,
  listSink,
  networksOf,
  open,
  series,
  SETTINGS,
} from './one-session.js';

const PORT = 45_176;

/** A detector that is no more than a socket: it sends messages of a file, slowly, until it is killed. */
const DETECTOR = `
  import { readFileSync } from 'node:fs';
  import { setTimeout as pause } from 'node:timers/promises';
  import { decode } from 'cborg';
  import { Push } from 'zeromq';
  const socket = new Push({ sendHighWaterMark: 4, linger: 60_000 });
  await socket.bind('tcp://127.0.0.1:${PORT}');
  for (const message of decode(readFileSync(process.argv[1]))) {
    await socket.send(message);
    await pause(1);
  }
  socket.close();
`;

const startDetector = (file: string): ChildProcess =>
  spawn(process.execPath, ['--input-type=module', '-e', DETECTOR, file], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'ignore', 'inherit'],
  });

it('a detector that is killed twenty times: each frame that came is decided once, and what did not come is counted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-faults-'));
  const source = await openSimplon(`127.0.0.1:${PORT}`, { idleMs: 60_000, bufferBytes: 16e6 });
  open.push(source);
  const list = listSink();
  const said: LiveEvent[] = [];
  const settings = { ...SETTINGS, series: Infinity };
  const session = createSession(source, networksOf(graph), [list], settings, (event) => said.push(event));
  const done = session.run();
  try {
    // Every other time it goes on with the series that it was in.
    for (let life = 0, [id, first] = [100, 0]; life < 20; life++) {
      const one = { ...series, id };
      const images = Array.from({ length: 400 }, (_, i) => imageMessage(one, first + i));
      const file = join(folder, 'messages');
      await writeFile(file, encode([...(first === 0 ? [startMessageOf(one)] : []), ...images]));
      const detector = startDetector(file);
      const gone = once(detector, 'close');
      const came = (): number =>
        list.decisions.filter((one) => one.series === String(id) && one.number! >= first).length;
      while (came() < 5 + life) await new Promise((resolve) => setTimeout(resolve, 5));
      detector.kill('SIGKILL');
      await gone;
      [id, first] = first === 0 ? [id, first + 400] : [id + 1, 0];
    }
    const last = { ...series, id: 999 };
    const file = join(folder, 'messages');
    await writeFile(file, encode([startMessageOf(last), imageMessage(last, 3), endMessage(last)]));
    const detector = startDetector(file);
    await once(detector, 'close');
    while (list.decisions.at(-1)?.series !== '999') await new Promise((resolve) => setTimeout(resolve, 5));
    session.stop();
    const outcome = await done;
    const right = await defined();
    const names = [...new Set(list.decisions.map((decision) => decision.series))];
    expect(names).toHaveLength(11);
    let missing = 0;
    for (const name of names) {
      const decisions = list.decisions.filter((decision) => decision.series === name);
      const numbers = decisions.map(({ number }) => number!);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      missing += numbers.at(-1)! - numbers[0]! + 1 - numbers.length;
      for (const { number, reason, score } of decisions)
        expect([reason, score]).toEqual(['score', right[number! % frames.length]!.score]);
    }
    expect(missing).toBeGreaterThan(0);
    expect(outcome).toMatchObject({ missing, repeated: 0, undelivered: 0, frames: list.decisions.length });
    expect(said.filter(({ event }) => event === 'series')).toHaveLength(11);
  } finally {
    session.stop();
    await rm(folder, { recursive: true });
  }
});

/** `message` with a few bytes changed, cut off, or with a piece of itself in another place. */
function mutated(message: Uint8Array, random: Random): Uint8Array {
  const bytes = Uint8Array.from(message);
  const at = (): number => random.integer(0, bytes.length - 1);
  const kind = random.uniform();
  if (kind < 0.2) return bytes.slice(0, at());
  if (kind < 0.4) bytes.copyWithin(at(), at(), at());
  // Most of what a message says stands at its beginning.
  else
    for (let n = random.integer(1, 4); n > 0; n--)
      bytes[random.uniform() < 0.7 ? random.integer(0, 250) % bytes.length : at()] = random.integer(0, 255);
  return bytes;
}

it('a thousand damaged messages: each is answered, named where it is not understood, and harms no frame behind it', async () => {
  const random = createRandom(11);
  const messages: Uint8Array[] = [];
  const start = startMessageOf(series);
  for (let i = 0; i < 1000; i++) {
    const whole = random.pick([start, imageMessage(series, i), imageMessage(series, i), endMessage(series)]);
    messages.push(mutated(whole, random), start, imageMessage(series, 1e6 + i));
  }
  const { emulator, source } = await emulated();
  const list = listSink();
  const taken: string[] = [];
  const counting = {
    ...listSink(),
    deliver: ({ kind }: { readonly kind: string }) => {
      taken.push(kind);
      return Promise.resolve();
    },
  };
  const odd: string[] = [];
  const settings = { ...SETTINGS, series: Infinity };
  const session = createSession(source, networksOf(graph), [list, counting], settings, (event) => {
    if (event.event === 'odd' || event.event === 'undecodable') odd.push(event.problem);
  });
  const done = session.run();
  await emulator.send(messages);
  while (taken.length < messages.length) await new Promise((resolve) => setTimeout(resolve, 10));
  session.stop();
  const outcome = await done;
  expect(taken).toHaveLength(messages.length);
  expect(outcome).toMatchObject({ replacedProcesses: 0, undelivered: 0 });
  const right = await defined();
  const whole = list.decisions.filter(
    ({ number }) => number !== null && number >= 1e6 && number < 1e6 + 1000,
  );
  const scores = new Map(whole.map(({ number, reason, score }) => [number, [reason, score]]));
  for (let i = 0; i < 1000; i++)
    expect(scores.get(1e6 + i)).toEqual(['score', right[(1e6 + i) % frames.length]!.score]);
  const malformed = list.decisions.filter(({ reason }) => reason === 'malformed');
  expect(malformed.length).toBeGreaterThan(100);
  expect(malformed.every(({ keep, problem }) => keep && problem !== null && problem !== '')).toBe(true);
  expect(malformed.filter(({ problem }) => problem!.includes('a defect'))).toEqual([]);
  expect(odd.every((problem) => problem !== '')).toBe(true);
  expect(odd.length).toBeGreaterThanOrEqual(malformed.length);
});
