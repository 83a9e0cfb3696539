/** A detector that speaks SIMPLON's stream V2, for tests: messages, and a socket that pushes them. */
import { encode, Tagged } from 'cborg';
import { Push } from 'zeromq';
import { packed } from './packing.js';

export interface EmulatedSeries {
  readonly id: number;
  readonly height: number;
  readonly width: number;
  readonly frames: readonly Uint16Array[];
  /** 1 bad, as the detector writes it. */
  readonly pixelMask?: Uint32Array;
  /** Serial number of the detector. */
  readonly serial?: string;
}

const typed = (tag: number, values: Uint16Array | Uint32Array): Tagged =>
  new Tagged(tag, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));

const shaped = (height: number, width: number, content: Tagged): Tagged =>
  new Tagged(40, [[height, width], content]);

const bytesOf = (values: Uint16Array | BigInt64Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

const packBslz4 = (values: Uint16Array): Uint8Array =>
  packed(bytesOf(values), 2, { packing: 'bslz4', blockBytes: 8192 }).bytes;

/** A run of lclstreamer: two images before the start, and a stop. */
export function lclstreamerMessages(
  images: readonly BigInt64Array[],
  height: number,
  width: number,
): Uint8Array[] {
  const message = (kind: string, map: object): Uint8Array => Buffer.concat([Buffer.from(kind), encode(map)]);
  const all = images.map((values, i) =>
    message('m', {
      type: 'image',
      run: 7,
      compressed_data: packed(bytesOf(values), 8, {
        packing: 'bslz4',
        blockBytes: 4096 * 8,
        header: false,
      }).bytes,
      dtype: 'int64',
      message_id: 10001,
      timestamp: String(i),
    }),
  );
  const start = message('c', {
    type: 'start',
    run_number: 7,
    datatype: 'int64',
    shape: `${height}x${width}`,
  });
  return [...all.slice(0, 2), start, ...all.slice(2), message('c', { type: 'stop', run: 7, timestamp: 1 })];
}

export interface EmulatedStart extends Pick<
  EmulatedSeries,
  'id' | 'height' | 'width' | 'pixelMask' | 'serial'
> {
  /** Images that are announced. */
  readonly count: number;
  readonly type?: 'uint16' | 'uint32';
}

export const startMessageOf = (series: EmulatedSeries): Uint8Array =>
  startMessage({ ...series, count: series.frames.length });

export function startMessage({
  id,
  height,
  width,
  count,
  type = 'uint16',
  pixelMask,
  serial,
}: EmulatedStart): Uint8Array {
  return encode({
    type: 'start',
    series_id: id,
    series_unique_id: `series-${id}`,
    arm_date: new Tagged(0, '2026-11-29T00:00:00Z'),
    channels: ['threshold_1'],
    image_dtype: type,
    image_size_x: width,
    image_size_y: height,
    number_of_images: count,
    beam_center_x: width / 2,
    beam_center_y: height / 2,
    detector_translation: [0, 0, -0.1],
    incident_wavelength: 1,
    pixel_size_x: 75e-6,
    pixel_size_y: 75e-6,
    saturation_value: 60000,
    ...(serial === undefined ? {} : { detector_serial_number: serial }),
    ...(pixelMask === undefined
      ? {}
      : {
          pixel_mask_enabled: true,
          pixel_mask: { threshold_1: shaped(height, width, typed(70, pixelMask)) },
        }),
  });
}

export function imageMessage({ id, height, width, frames }: EmulatedSeries, index: number): Uint8Array {
  const packed = new Tagged(56500, ['bslz4', 2, packBslz4(frames[index % frames.length]!)]);
  return encode({
    type: 'image',
    series_id: id,
    series_unique_id: `series-${id}`,
    image_id: index,
    start_time: [index, 100],
    user_data: null,
    data: { threshold_1: shaped(height, width, new Tagged(69, packed)) },
  });
}

export const endMessage = ({ id }: Pick<EmulatedSeries, 'id'>): Uint8Array =>
  encode({ type: 'end', series_id: id, series_unique_id: `series-${id}` });

/** All messages of a series in order. */
export const messagesOf = (series: EmulatedSeries): Uint8Array[] => [
  startMessageOf(series),
  ...series.frames.map((_, i) => imageMessage(series, i)),
  endMessage(series),
];

export interface Emulator {
  /** `host:port` that a source connects to. */
  readonly host: string;
  send(messages: readonly Uint8Array[]): Promise<void>;
  close(): void;
}

export async function startEmulator(): Promise<Emulator> {
  const socket = new Push({ sendHighWaterMark: 8, linger: 0 });
  await socket.bind('tcp://127.0.0.1:*');
  return {
    host: socket.lastEndpoint!.replace('tcp://', ''),
    async send(messages) {
      for (const message of messages) await socket.send(message);
    },
    close() {
      socket.close();
    },
  };
}
