/**
 * A detector that speaks SIMPLON's stream V2, as a process of its own: packed images of a pool come again and again under
 * new numbers, as fast as they are taken or at a rate.
 *
 *     npx tsx test/live/emulator-process.ts '{"bind":"tcp://127.0.0.1:31001","pool":"pool.cbor","frames":1000,"rate":100}'
 */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { decode, encode, Tagged } from 'cborg';
import { Push } from 'zeromq';
import { endMessage, startMessage } from './emulator.js';

export interface Pool {
  readonly height: number;
  readonly width: number;
  readonly type: 'uint16' | 'uint32';
  /** Images in bitshuffle with LZ4. */
  readonly images: readonly Uint8Array[];
}

export interface EmulatorOrders {
  readonly bind: string;
  /** File of a `Pool` in CBOR. */
  readonly pool: string;
  readonly frames: number;
  /** Images a second; 0: as fast as they are taken. */
  readonly rate: number;
  /** The first number; a detector that starts anew goes on behind the last. */
  readonly first?: number;
  readonly series?: number;
}

const [, , text] = process.argv;
const { bind, pool, frames, rate, first = 0, series = 17 } = JSON.parse(text!) as EmulatorOrders;
const { height, width, type, images } = decode(readFileSync(pool)) as Pool;
const [tag, bytes] = type === 'uint16' ? [69, 2] : [70, 4];
const packed = images.map(
  (image) => new Tagged(40, [[height, width], new Tagged(tag, new Tagged(56500, ['bslz4', bytes, image]))]),
);

const socket = new Push({ sendHighWaterMark: 20, linger: 60_000 });
await socket.bind(bind);
await socket.send(startMessage({ id: series, height, width, type, count: first + frames }));
process.send?.('the start is taken');
const begun = performance.now();
for (let i = first; i < first + frames; i++) {
  if (rate > 0) {
    const due = begun + (1000 * (i - first)) / rate - performance.now();
    if (due > 1) await pause(due);
  }
  await socket.send(
    encode({
      type: 'image',
      series_id: series,
      series_unique_id: `series-${series}`,
      image_id: i,
      user_data: null,
      data: { threshold_1: packed[i % packed.length] },
    }),
  );
}
await socket.send(endMessage({ id: series }));
socket.close();
process.disconnect?.();
