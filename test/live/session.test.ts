import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Pull, Push } from 'zeromq';
import { convertToUint16 } from '../../src/data/pixels.js';
import { openFrames } from '../../src/data/open.js';
import { prescaleChooses } from '../../src/ir/prescale.js';
import type { Decided } from '../../src/live/decide/crew.js';
import { inTime } from '../../src/live/decide/in-time.js';
import { createSession, type LiveEvent } from '../../src/live/session.js';
import { cxiSink } from '../../src/live/sinks/cxi.js';
import { jsonLinesFile } from '../../src/live/sinks/json-lines.js';
import type { LiveSink } from '../../src/live/sinks/sink.js';
import { streamSink } from '../../src/live/sinks/stream.js';
import { readTrain } from '../../src/live/protocol/karabo.js';
import { openKarabo } from '../../src/live/sources/karabo.js';
import { openLclstreamer } from '../../src/live/sources/lclstreamer.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import {
  endMessage,
  imageMessage,
  lclstreamerMessages,
  messagesOf,
  startMessageOf,
  type EmulatedSeries,
} from './emulator.js';
import { karaboParts, startKaraboServer } from './karabo-server.js';
import {
  defined,
  emulated,
  frames,
  graph,
  HEIGHT,
  listSink,
  networksOf,
  open,
  other,
  RULE,
  run,
  series,
  SETTINGS,
  WIDTH,
} from './one-session.js';

describe('a series from a detector', () => {
  it('is decided as the definition says, every frame once and in order', async () => {
    const { outcome, decisions } = await run(messagesOf(series));
    const right = await defined();
    expect(decisions.map(({ number }) => number)).toEqual(frames.map((_, i) => i));
    expect(decisions.map(({ score, keep }) => ({ score, keep }))).toEqual(
      right.map(({ score, keep }) => ({ score, keep })),
    );
    const kept = right.filter(({ keep }) => keep).length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(frames.length);
    expect(outcome).toMatchObject({
      frames: 40,
      kept,
      missing: 0,
      repeated: 0,
      undelivered: 0,
      ended: 'series',
    });
  });

  it('passes kept frames on with their bytes unchanged, and nothing else', async () => {
    const messages = messagesOf(series);
    const right = await defined();
    const sink = await streamSink('127.0.0.1:45173');
    const pull = new Pull({ linger: 0 });
    open.push(pull);
    pull.connect('tcp://127.0.0.1:45173');
    const passed: Uint8Array[] = [];
    const receiving = (async () => {
      for await (const [message] of pull) {
        passed.push(message!);
        if (Buffer.compare(message!, endMessage(series)) === 0) return;
      }
    })();
    await run(messages, {}, networksOf(graph), [sink]);
    await receiving;
    const wanted = messages.filter((_, i) => i === 0 || i === messages.length - 1 || right[i - 1]!.keep);
    expect(passed.map((one) => Buffer.from(one).toString('hex'))).toEqual(
      wanted.map((one) => Buffer.from(one).toString('hex')),
    );
  });

  it('keeps its share of the misses, with the weight that they stand for', async () => {
    const { decisions } = await run(messagesOf(series), { prescale: 2, prescaleKey: 99 });
    const right = await defined();
    decisions.forEach(({ reason, keep, weight, networkKeep }, i) => {
      const chosen = !right[i]!.keep && prescaleChooses(BigInt(i), 2, 99);
      expect([reason, keep, weight, networkKeep]).toEqual(
        chosen ? ['prescale', true, 2, false] : ['score', right[i]!.keep, 1, right[i]!.keep],
      );
    });
    expect(decisions.some(({ reason }) => reason === 'prescale')).toBe(true);
  });

  it('counts where a second network would decide otherwise', async () => {
    const { outcome } = await run(messagesOf(series), {}, networksOf(graph, other));
    const [mine, theirs] = [await defined(), await defined(other)];
    const differ = mine.filter(({ keep }, i) => keep !== theirs[i]!.keep).length;
    expect(differ).toBeGreaterThan(0);
    expect(outcome.shadowDiffers).toBe(differ);
  });

  it('writes kept frames as CXI that reads back to the pixels, with a list', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vetoc-live-'));
    try {
      await run(messagesOf(series), {}, networksOf(graph), [await cxiSink(join(folder, 'kept.cxi'))]);
      const right = await defined();
      const kept = frames.map((_, i) => i).filter((i) => right[i]!.keep);
      const source = await openFrames(join(folder, 'kept-0001.cxi'));
      open.push(source);
      expect(source.count).toBe(kept.length);
      for (const [row, i] of kept.entries()) {
        const { pixels } = await source.read(row);
        expect(pixels).toEqual(convertToUint16(frames[i]!.slice(), RULE, null, 1, 'largest').pixels);
      }
      const lines = (await readFile(join(folder, 'kept-0001.lst'), 'utf8')).trim().split('\n');
      expect(lines).toEqual(kept.map((_, row) => `${join(folder, 'kept-0001.cxi')} //${row}`));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it('lclstreamer connects to us; images that come before the start are decided', async () => {
  const source = await openLclstreamer('127.0.0.1:45174', { idleMs: 60_000, bufferBytes: 16e6 }, [
    HEIGHT,
    WIDTH,
  ]);
  open.push(source);
  const push = new Push({ linger: 0 });
  open.push(push);
  push.connect('tcp://127.0.0.1:45174');
  const values = frames.map((frame) => BigInt64Array.from(frame, BigInt));
  const messages = lclstreamerMessages(values, HEIGHT, WIDTH);
  const list = listSink();
  const session = createSession(source, networksOf(graph), [list], SETTINGS, () => undefined);
  const done = session.run();
  for (const message of messages) await push.send(message);
  const outcome = await done;
  const right = await createInterpreter(graph).run(frames);
  expect(list.decisions.map(({ score }) => score)).toEqual(right.map(({ score }) => score));
  expect(outcome).toMatchObject({ frames: 40, missing: 0, ended: 'series' });
});

it('trains of a Karabo bridge: numbers of train and pulse, an absent module masked', async () => {
  const parts = await karaboParts();
  const host = await startKaraboServer(open);
  const source = await openKarabo(host, { idleMs: 60_000, bufferBytes: 16e6 });
  open.push(source);
  const list = listSink();
  const session = createSession(
    source,
    networksOf(graph),
    [list],
    { ...SETTINGS, frames: 6 },
    () => undefined,
  );
  const outcome = await session.run();
  expect(outcome).toMatchObject({ frames: 6, missing: 0, series: 1, ended: 'frames' });
  const pulses = [0, 4, 8].map((pulse) => 1000000123 * 10_000 + pulse);
  expect(list.decisions.map(({ number }) => number)).toEqual([...pulses, ...pulses]);
  const train = readTrain(parts);
  const seen = pulses.map((_, i) => {
    const frame = new Uint16Array(Uint8Array.from(train.bytesOf(i)).buffer);
    return frame.fill(0, frame.length / 2);
  });
  const right = (await createInterpreter(graph).run(seen)).map(({ score }) => score);
  expect(list.decisions.map(({ score }) => score)).toEqual([...right, ...right]);
});

describe('what cannot be decided is kept and flagged', () => {
  it('damaged images and messages, with the frames around them exact', async () => {
    const messages = messagesOf(series).map((message) => Uint8Array.from(message));
    messages[3]!.fill(0xff, messages[3]!.length - 200);
    messages[7] = messages[7]!.slice(0, 60);
    const { decisions, events } = await run(messages);
    const right = await defined();
    decisions.forEach(({ reason, keep, score }, i) => {
      if (i === 2 || i === 6) expect([reason, keep, score]).toEqual(['malformed', true, null]);
      else expect([reason, score]).toEqual(['score', right[i]!.score]);
    });
    expect(decisions[6]!.number).toBeNull();
    expect(events.filter(({ event }) => event === 'undecodable')).toHaveLength(2);
  });

  it('frames of another size, and the next series is asked again', async () => {
    const small: EmulatedSeries = { id: 18, height: 8, width: 8, frames: [new Uint16Array(64)] };
    const { decisions } = await run([...messagesOf(small), ...messagesOf(series)], { series: 2 });
    expect(decisions[0]).toMatchObject({ series: '18', reason: 'unfit', keep: true, score: null });
    expect(decisions[0]!.problem).toMatch(/8×8/);
    expect(decisions.slice(1).every(({ reason }) => reason === 'score')).toBe(true);
  });

  it('frames beyond the deadline', async () => {
    const { decisions } = await run(messagesOf(series), { deadlineMs: 0.001 });
    expect(decisions).toHaveLength(40);
    expect(decisions.every(({ reason, keep }) => reason === 'late' && keep)).toBe(true);
  });

  it('an answer that a busy process takes up after the deadline is late, though no timer said so', async () => {
    const verdict = { network: '', keep: false, score: 0, logits: new Int32Array(2), shadowKeep: null };
    const until = performance.now() + 5;
    const answer = new Promise<Decided>((resolve) => {
      while (performance.now() < until);
      resolve({ verdict });
    });
    expect(await inTime(answer, -1)).toBe('late');
    const busy = inTime(Promise.resolve({ verdict }), 2);
    const since = performance.now();
    while (performance.now() < since + 10);
    expect(await busy).toBe('late');
    expect(await inTime(Promise.resolve({ verdict }), 60_000)).toEqual({ verdict });
  });

  it('a deciding process that is killed costs no frame', async () => {
    let killed = 0;
    const { outcome, decisions } = await run(
      messagesOf({ ...series, frames: [...frames, ...frames, ...frames] }),
      {},
      networksOf(graph),
      [],
      (session) => {
        const kill = setInterval(() => {
          if (killed++ === 3) clearInterval(kill);
          session.crew.processes()[0]?.kill('SIGKILL');
        }, 150);
      },
    );
    const right = await defined();
    expect(outcome.replacedProcesses).toBeGreaterThan(0);
    expect(decisions.map(({ number }) => number)).toEqual(Array.from({ length: 120 }, (_, i) => i));
    for (const [i, { reason, score, problem }] of decisions.entries())
      expect(reason === 'score' ? score : problem).toBe(
        reason === 'score' ? right[i % 40]!.score : 'it ended two processes',
      );
  });
});

describe('what goes missing is counted', () => {
  it('gaps and repeats by number, an unannounced series, a source that stops', async () => {
    const { emulator, source } = await emulated({ idleMs: 400 });
    const list = listSink();
    const events: LiveEvent[] = [];
    const session = createSession(
      source,
      networksOf(graph),
      [list],
      { ...SETTINGS, series: Infinity, endWhenIdle: true },
      (event) => events.push(event),
    );
    const done = session.run();
    await emulator.send([3, 4, 8, 4].map((i) => imageMessage(series, i)));
    const outcome = await done;
    expect(outcome).toMatchObject({ series: 1, frames: 4, missing: 3, repeated: 1, ended: 'idle' });
    expect(list.decisions.map(({ repeated }) => repeated)).toEqual([false, false, false, true]);
    expect(events).toContainEqual({ event: 'series ends', series: '17', frames: 4, missing: 3 });
  });

  it('frames that come late are decided as those of their series, also behind a pause', async () => {
    const { emulator, source } = await emulated({ idleMs: 400 });
    const list = listSink();
    const events: LiveEvent[] = [];
    const mask = new Uint32Array(HEIGHT * WIDTH).fill(1, 0, 600);
    const masked: EmulatedSeries = { ...series, id: 18, pixelMask: mask };
    const settings = { ...SETTINGS, series: Infinity };
    const session = createSession(source, networksOf(graph), [list], settings, (event) => events.push(event));
    const done = session.run();
    await emulator.send([
      startMessageOf(series),
      imageMessage(series, 0),
      startMessageOf(masked),
      imageMessage(masked, 1),
      imageMessage(series, 2),
    ]);
    while (!events.some(({ event }) => event === 'idle')) await new Promise((go) => setTimeout(go, 20));
    await emulator.send([imageMessage(masked, 3), imageMessage(masked, 5)]);
    while (list.decisions.length < 5) await new Promise((go) => setTimeout(go, 10));
    session.stop();
    const outcome = await done;
    const hidden = frames.map((frame) => frame.map((count, i) => (mask[i] === 1 ? 0 : count)));
    const seen = [frames[0]!, hidden[1]!, frames[2]!, hidden[3]!, hidden[5]!];
    const right = await createInterpreter(graph).run(
      seen.map((frame) => convertToUint16(frame.slice(), RULE, null, 1, 'largest').pixels),
    );
    expect(list.decisions.map(({ score }) => score)).toEqual(right.map(({ score }) => score));
    expect(events.filter(({ event }) => event === 'series')).toHaveLength(2);
    expect(outcome).toMatchObject({ series: 2, missing: 3, repeated: 0 });
  });

  it.each(['keep', 'drop'] as const)('more than can wait: %s', async (whenFull) => {
    const { emulator, source } = await emulated();
    const list = listSink();
    const slow: LiveSink = {
      name: 'slow',
      deliver: () => new Promise((resolve) => setTimeout(resolve, 20)),
      close: () => Promise.resolve(),
    };
    const session = createSession(
      source,
      networksOf(graph),
      [list, slow],
      { ...SETTINGS, memoryBytes: 10_000, whenFull },
      () => undefined,
    );
    const done = session.run();
    await emulator.send(messagesOf(series));
    const { byReason, frames: count, kept } = await done;
    const reason = whenFull === 'keep' ? 'full' : 'dropped';
    expect(count).toBe(40);
    expect(byReason[reason]).toBeGreaterThan(0);
    expect(
      list.decisions
        .filter((one) => one.reason === reason)
        .every(({ keep }) => keep === (whenFull === 'keep')),
    ).toBe(true);
    expect(kept).toBe(list.decisions.filter(({ keep }) => keep).length);
  });
});

describe('sinks', () => {
  it('one that fails for a while is offered the same again; nothing is lost or doubled', async () => {
    let failures = 2;
    const taken: (number | null)[] = [];
    const flaky: LiveSink = {
      name: 'flaky',
      deliver(delivery) {
        if (taken.length === 5 && failures-- > 0) return Promise.reject(new Error('no space left'));
        if (delivery.kind === 'frame') taken.push(delivery.decision.number);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const { events, outcome } = await run(messagesOf(series), {}, networksOf(graph), [flaky]);
    expect(taken).toEqual(frames.map((_, i) => i));
    expect(outcome.undelivered).toBe(0);
    expect(events.filter(({ event }) => event === 'sink')).toEqual([
      { event: 'sink', sink: 'flaky', problem: 'no space left' },
      { event: 'sink', sink: 'flaky', problem: null },
    ]);
  });

  it('stop delivers what was received; a second stop gives up on a sink that takes nothing, and counts it', async () => {
    const { emulator, source } = await emulated();
    const list = listSink();
    const dead: LiveSink = {
      name: 'dead',
      deliver: () => Promise.reject(new Error('gone')),
      close: () => Promise.resolve(),
    };
    const session = createSession(source, networksOf(graph), [list, dead], SETTINGS, (event) => {
      if (event.event === 'sink') {
        session.stop();
        session.stop();
      }
    });
    const done = session.run();
    emulator.send(messagesOf(series)).catch(() => undefined);
    const outcome = await done;
    expect(outcome.ended).toBe('stopped');
    expect(outcome.undelivered).toBeGreaterThan(0);
    expect(list.decisions).toHaveLength(outcome.frames);
  });

  it('a file of decisions ends with a whole line, and goes on where it was', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vetoc-live-'));
    try {
      const path = join(folder, 'decisions.jsonl');
      for (let i = 0; i < 2; i++)
        await run(messagesOf(series), {}, networksOf(graph), [await jsonLinesFile(path, graph.classNames)]);
      const lines = (await readFile(path, 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { frame: number; score: number; logits: object });
      const right = await defined();
      expect(lines).toHaveLength(80);
      expect(lines.map(({ frame, score }) => [frame, score])).toEqual(
        [...right, ...right].map(({ score }, i) => [i % 40, score]),
      );
      expect(Object.keys(lines[0]!.logits)).toEqual(graph.classNames);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it('another network decides from the moment it is given', async () => {
  const { emulator, source } = await emulated();
  const list = listSink();
  const session = createSession(source, networksOf(graph), [list], SETTINGS, () => undefined);
  const done = session.run();
  await emulator.send([
    startMessageOf(series),
    ...frames.slice(0, 20).map((_, i) => imageMessage(series, i)),
  ]);
  while (list.decisions.length < 20) await new Promise((resolve) => setTimeout(resolve, 10));
  session.exchange(networksOf(other));
  await emulator.send([...frames.slice(20).map((_, i) => imageMessage(series, 20 + i)), endMessage(series)]);
  await done;
  const [mine, theirs] = [await defined(), await defined(other)];
  expect(list.decisions.map(({ score }) => score)).toEqual(
    [...mine.slice(0, 20), ...theirs.slice(20)].map(({ score }) => score),
  );
});
