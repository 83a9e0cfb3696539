/**
 * Karabo bridge, protocol 2.2: a train is one message of pairs, a msgpack header and its payload.
 *
 * Source: the serializer in European-XFEL/karabo-bridge-py. `image.data` has pulses first, as files have it
 * ([pulse, module, slow, fast]), or last, in reverse order of axes ([module, fast, slow, pulse]), as the online
 * calibration sends it; `image.pulseId` (or `image.cellId`) says how many pulses there are, and so which it is.
 */
import { decode } from '@msgpack/msgpack';
import { MAX_FRAME_PIXELS } from '../../data/formats/format.js';
import { PIXEL_BYTES, type PixelType } from '../../data/pixels.js';
import { isMap, MalformedMessage, type CborMap } from './cbor.js';

/** An array of a train as it came. */
interface TrainArray {
  readonly type: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** What one data source says in a train. */
interface TrainSource {
  values: CborMap;
  metadata: CborMap;
  readonly arrays: Map<string, TrainArray>;
}

export interface TrainImages {
  readonly source: string;
  readonly train: number;
  /** Modules are stacked along the slow axis. */
  readonly height: number;
  readonly width: number;
  readonly type: PixelType;
  /** One a frame. */
  readonly pulses: readonly number[];
  /** Per module whether it is there; empty where the train does not say. */
  readonly modulesPresent: readonly boolean[];
  /** The stored bytes of frame `index`, row by row. */
  readonly bytesOf: (index: number) => Uint8Array;
}

function mapOf(bytes: Uint8Array, what: string): CborMap {
  let value: unknown;
  try {
    value = decode(bytes, { useBigInt64: false });
  } catch (error) {
    throw new MalformedMessage(`${what} is no msgpack (${(error as Error).message})`);
  }
  if (!isMap(value)) throw new MalformedMessage(`${what} is no map`);
  return value;
}

/** The sources of a train. Throws `MalformedMessage`. */
function sourcesOf(parts: readonly Uint8Array[]): ReadonlyMap<string, TrainSource> {
  if (parts.length < 2 || parts.length % 2 !== 0)
    throw new MalformedMessage(
      `a train of ${parts.length} parts: only protocol 2.2 is read, which has pairs`,
    );
  const sources = new Map<string, TrainSource>();
  for (let i = 0; i < parts.length; i += 2) {
    const header = mapOf(parts[i]!, `part ${i}`);
    const name = String(header['source']);
    const source = sources.get(name) ?? { values: {}, metadata: {}, arrays: new Map<string, TrainArray>() };
    sources.set(name, source);
    if (header['content'] === 'msgpack') {
      source.values = mapOf(parts[i + 1]!, `part ${i + 1}`);
      source.metadata = isMap(header['metadata']) ? header['metadata'] : {};
    } else source.arrays.set(String(header['path']), arrayOf(header, parts[i + 1]!));
  }
  return sources;
}

function arrayOf(header: CborMap, bytes: Uint8Array): TrainArray {
  const { dtype, shape } = header;
  const fits = Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof dtype !== 'string' || !fits) throw new MalformedMessage('an array has no type or shape');
  return { type: dtype, shape: shape as readonly number[], bytes };
}

const isPixelType = (name: string): name is PixelType => Object.hasOwn(PIXEL_BYTES, name);

/** Whole numbers of 2, 4 or 8 bytes, little-endian. */
function integersOf({ type, bytes }: TrainArray): readonly number[] {
  const width = isPixelType(type) ? PIXEL_BYTES[type] : 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const read: Readonly<Record<number, (at: number) => number>> = {
    2: (at) => view.getUint16(at, true),
    4: (at) => view.getUint32(at, true),
    8: (at) => Number(view.getBigUint64(at, true)),
  };
  const one = read[width];
  if (one === undefined || !/int/.test(type)) throw new MalformedMessage(`numbers of pulses of type ${type}`);
  return Array.from({ length: Math.floor(bytes.length / width) }, (_, i) => one(i * width));
}

/** The images of a train: of source `wanted`, or of the first source with images. Throws `MalformedMessage`. */
export function readTrain(parts: readonly Uint8Array[], wanted?: string): TrainImages {
  const sources = sourcesOf(parts);
  const name = wanted ?? [...sources].find(([, { arrays }]) => arrays.has('image.data'))?.[0];
  const source = name === undefined ? undefined : sources.get(name);
  const data = source?.arrays.get('image.data');
  if (name === undefined || source === undefined || data === undefined)
    throw new MalformedMessage(
      `no image.data of ${wanted ?? 'any source'} (${[...sources.keys()].join(', ')})`,
    );
  const ids = source.arrays.get('image.pulseId') ?? source.arrays.get('image.cellId');
  if (ids === undefined) throw new MalformedMessage(`${name} has no image.pulseId or image.cellId`);
  const pulses = integersOf(ids);
  const train = Number(source.metadata['timestamp.tid'] ?? NaN);
  if (!Number.isSafeInteger(train)) throw new MalformedMessage(`${name} has no number of the train`);
  const present = source.values['modulesPresent'];
  return {
    source: name,
    train,
    pulses,
    modulesPresent: Array.isArray(present) ? present.map(Boolean) : [],
    ...layOut(data, pulses.length),
  };
}

type Layout = Pick<TrainImages, 'height' | 'width' | 'type' | 'bytesOf'>;

function layOut({ type, shape, bytes }: TrainArray, pulses: number): Layout {
  if (!isPixelType(type)) throw new MalformedMessage(`image.data of type ${type}`);
  const size = PIXEL_BYTES[type];
  if (shape.length < 3 || shape.length > 4 || bytes.length !== size * shape.reduce((a, b) => a * b, 1))
    throw new MalformedMessage(`image.data of the shape ${shape.join('×')} in ${bytes.length} bytes`);
  const [first, last] = [shape[0] === pulses, shape.at(-1) === pulses];
  if (first === last)
    throw new MalformedMessage(
      `${pulses} pulses, and image.data of the shape ${shape.join('×')}: which axis is theirs?`,
    );
  const rest = first ? shape.slice(1) : shape.slice(0, -1);
  const modules = rest.length === 3 ? rest[0]! : 1;
  const [slow, fast] = first ? [rest.at(-2)!, rest.at(-1)!] : [rest.at(-1)!, rest.at(-2)!];
  const pixels = modules * slow * fast;
  if (pixels > MAX_FRAME_PIXELS) throw new MalformedMessage(`frames of ${pixels} pixels`);
  const base = { height: modules * slow, width: fast, type };
  if (first) return { ...base, bytesOf: (i) => bytes.subarray(i * pixels * size, (i + 1) * pixels * size) };
  return { ...base, bytesOf: (i) => gather(bytes, { modules, slow, fast, pulses, size }, i) };
}

interface Reversed {
  readonly modules: number;
  readonly slow: number;
  readonly fast: number;
  readonly pulses: number;
  /** Bytes a value. */
  readonly size: number;
}

/** Frame `index` out of [module, fast, slow, pulse]. */
function gather(
  bytes: Uint8Array,
  { modules, slow, fast, pulses, size }: Reversed,
  index: number,
): Uint8Array {
  const frame = new Uint8Array(modules * slow * fast * size);
  let to = 0;
  for (let m = 0; m < modules; m++)
    for (let s = 0; s < slow; s++)
      for (let f = 0; f < fast; f++) {
        const from = (((m * fast + f) * slow + s) * pulses + index) * size;
        for (let b = 0; b < size; b++) frame[to++] = bytes[from + b]!;
      }
  return frame;
}
