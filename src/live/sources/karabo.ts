/** Trains from a Karabo bridge, asked for one by one: `karabo://host:4545`. */
import { setImmediate as afterOthers } from 'node:timers/promises';
import { UserError } from '../../core/errors.js';
import { NO_RULE } from '../../data/pixels.js';
import { MalformedMessage } from '../protocol/cbor.js';
import { readTrain, type TrainImages } from '../protocol/karabo.js';
import type { LiveMessage, LiveSource, SourceOptions } from '../source.js';

/** A frame's number: train and pulse in one, below 2^53 for trains below 10^11. */
const PULSES_A_TRAIN = 10_000;

/** What a number says. */
export const trainAndPulse = (number: number): { readonly train: number; readonly pulse: number } => ({
  train: Math.floor(number / PULSES_A_TRAIN),
  pulse: number % PULSES_A_TRAIN,
});

/** What makes a new series: another source, size or set of modules. */
const keyOf = ({ source, height, width, modulesPresent }: TrainImages): string =>
  JSON.stringify([source, height, width, modulesPresent]);

function maskOf({ height, width, modulesPresent }: TrainImages): Uint8Array | null {
  if (!modulesPresent.includes(false) || height % modulesPresent.length !== 0) return null;
  const each = (height / modulesPresent.length) * width;
  const mask = new Uint8Array(height * width);
  modulesPresent.forEach((present, i) => mask.fill(Number(present), i * each, (i + 1) * each));
  return mask;
}

function startOf(images: TrainImages): LiveMessage {
  const { source, height, width } = images;
  const facts = {
    series: source,
    height,
    width,
    rule: NO_RULE,
    mask: maskOf(images),
    counted: false,
    announced: null,
    experiment: {},
  };
  return { kind: 'start', raw: null, received: performance.now(), facts };
}

function frameOf(images: TrainImages, index: number, received: number): LiveMessage {
  const { source, train, pulses, height, width, type } = images;
  const packed = { packing: 'none', elementBytes: 1, bytes: images.bytesOf(index) } as const;
  const number = train * PULSES_A_TRAIN + pulses[index]!;
  return {
    kind: 'frame',
    raw: null,
    received,
    frame: { series: source, number, image: { height, width, type, packed } },
  };
}

/** `options.channel` names the data source; the first with images unless given. */
export async function openKarabo(host: string, options: SourceOptions): Promise<LiveSource> {
  const { Request } = await import('zeromq');
  const socket = new Request({
    relaxed: true,
    correlate: true,
    linger: 0,
    receiveTimeout: options.idleMs,
    sendTimeout: options.idleMs,
  });
  try {
    socket.connect(`tcp://${host}`);
  } catch (error) {
    socket.close();
    throw new UserError(`cannot be reached (${(error as Error).message})`, {
      field: '--from',
      file: `karabo://${host}`,
      remedy: 'write host and port, as karabo://host:4545',
    });
  }
  let series = '';
  let waiting: LiveMessage[] = [];
  let train: { readonly images: TrainImages; readonly received: number; next: number } | null = null;

  /** Asks for a train; what it holds is then given frame by frame. */
  async function ask(): Promise<'idle' | 'closed' | null> {
    let parts: readonly Uint8Array[];
    try {
      await socket.send('next');
      parts = await socket.receive();
    } catch (error) {
      if (socket.closed) return 'closed';
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 'idle';
      throw error;
    }
    const received = performance.now();
    try {
      const images = readTrain(parts, options.channel);
      if (keyOf(images) !== series) waiting.push(startOf(images));
      series = keyOf(images);
      train = { images, received, next: 0 };
    } catch (error) {
      if (!(error instanceof MalformedMessage)) throw error;
      const problem = `a train ${error.message}`;
      const raw = Buffer.concat(parts);
      waiting.push({ kind: 'frame', raw, received, frame: { series: '', number: null, image: { problem } } });
    }
    return null;
  }

  return {
    name: `karabo://${host}`,
    passable: false,
    trains: true,
    async next() {
      for (;;) {
        await afterOthers();
        if (socket.closed) return 'closed';
        const [first, ...rest] = waiting;
        if (first !== undefined) {
          waiting = rest;
          return first;
        }
        if (train !== null && train.next < train.images.pulses.length)
          return frameOf(train.images, train.next++, train.received);
        const ended = await ask();
        if (ended !== null) return ended;
      }
    },
    close() {
      socket.close();
      return Promise.resolve();
    },
  };
}
