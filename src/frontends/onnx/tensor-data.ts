/**
 * The values of an ONNX tensor: in the file as raw bytes or typed lists, or in a file beside it (external data).
 *
 * Sizes are checked before anything is copied: a tensor whose dims do not match its bytes is refused by name.
 */
import { roundHalfEven } from '../../fixed/cast.js';
import { DATA_TYPE } from '../../onnx-file/proto.js';

/** A tensor as it stands in the file: nothing decoded yet. */
export interface RawTensor {
  readonly name: string;
  readonly type: number;
  readonly dims: readonly number[];
  readonly raw: Uint8Array | null;
  /** Packed lists, as bytes. */
  readonly typed: readonly Uint8Array[];
  /** Values written one by one. */
  readonly loose: readonly number[];
  /** `location`, `offset`, `length` of values outside the file. */
  readonly external: ReadonlyMap<string, string> | null;
}

/** A constant: row-major values. Integers are exact in doubles up to 2^53. */
export interface Constant {
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array;
  /** Element type, one of `DATA_TYPE`: arithmetic on integers is that of integers. */
  readonly type: number;
}

/** Element types of fractions. */
const REALS: ReadonlySet<number> = new Set([
  DATA_TYPE.float,
  DATA_TYPE.double,
  DATA_TYPE.float16,
  DATA_TYPE.bfloat16,
]);
export const isInteger = (type: number): boolean => !REALS.has(type);

/** Bytes `[offset, offset + length)` of the file `location` beside the model; throws what the user should read. */
export type ExternalReader = (location: string, offset: number, length: number) => Uint8Array;

/** Thrown with a reason that the importer puts beside the tensor's name. */
export class TensorProblem extends Error {
  override readonly name = 'TensorProblem';
}

/** Elements of a tensor of integers of more than 32 bits: shapes and axes, never weights. */
const MOST_INTEGERS = 1 << 20;
/** Elements of a tensor of smaller integers: weights. */
const MOST_SMALL_INTEGERS = 2 ** 27;

type Decode = (bytes: Uint8Array) => ArrayLike<number>;
const viewed =
  <A extends { readonly length: number }>(make: (buffer: ArrayBuffer) => A & ArrayLike<number>): Decode =>
  // A copy: views need aligned offsets, and the file may be forgotten.
  (bytes) =>
    make(new Uint8Array(bytes).buffer);

/** The value of 16 bits of IEEE 754 binary16. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
/** The 16 bits of IEEE 754 binary16 nearest to `value`; values of an image need no infinity. */
export function halfBits(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === 0) return sign;
  const exponent = Math.max(Math.floor(Math.log2(size)), -14);
  const steps = size / 2 ** (exponent - 10);
  // A subnormal has no bit before the point; one that rounds up to 2048 carries into the exponent.
  return sign | (((exponent + 14) << 10) + roundHalfEven(steps));
}

/** The value of 16 bits of bfloat16: the upper half of a float32. */
function bfloatValue(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0]!;
}
const halves =
  (value: (bits: number) => number): Decode =>
  (bytes) =>
    Float32Array.from(new Uint16Array(new Uint8Array(bytes).buffer), value);

/** Per element type that an import takes: bytes per value, and how raw bytes are read (little-endian). */
interface Element {
  /** Of one value as it stands in `raw_data`. */
  readonly bytes: number;
  readonly decode: Decode;
  readonly real: boolean;
  /** In the lists of protobuf the bits stand as integers. */
  readonly listed?: 'bits16';
}
const ELEMENTS: ReadonlyMap<number, Element> = new Map<number, Element>([
  [DATA_TYPE.float, { bytes: 4, decode: viewed((b) => new Float32Array(b)), real: true }],
  [DATA_TYPE.double, { bytes: 8, decode: viewed((b) => new Float64Array(b)), real: true }],
  [DATA_TYPE.float16, { bytes: 2, decode: halves(halfValue), real: true, listed: 'bits16' }],
  [DATA_TYPE.bfloat16, { bytes: 2, decode: halves(bfloatValue), real: true, listed: 'bits16' }],
  [DATA_TYPE.uint16, { bytes: 2, decode: viewed((b) => new Uint16Array(b)), real: false }],
  [DATA_TYPE.int16, { bytes: 2, decode: viewed((b) => new Int16Array(b)), real: false }],
  [DATA_TYPE.uint32, { bytes: 4, decode: viewed((b) => new Uint32Array(b)), real: false }],
  [DATA_TYPE.uint8, { bytes: 1, decode: (b) => b, real: false }],
  [DATA_TYPE.bool, { bytes: 1, decode: (b) => b, real: false }],
  [DATA_TYPE.int8, { bytes: 1, decode: viewed((b) => new Int8Array(b)), real: false }],
  [DATA_TYPE.int32, { bytes: 4, decode: viewed((b) => new Int32Array(b)), real: false }],
  [
    DATA_TYPE.int64,
    {
      bytes: 8,
      decode: (b) => Float64Array.from(new BigInt64Array(new Uint8Array(b).buffer), Number),
      real: false,
    },
  ],
]);

export const typeName = (type: number): string =>
  Object.entries(DATA_TYPE).find(([, code]) => code === type)?.[0] ?? `type ${type}`;

/** Unpacks protobuf's variable-length integers. */
function varints(lists: readonly Uint8Array[], count: number): Float64Array {
  const bytes = lists.reduce((sum, list) => sum + list.length, 0);
  // Before anything is allocated: every value has a byte at least.
  if (bytes < count) throw new TensorProblem(`it has ${bytes} bytes where its dims say ${count} values`);
  const values = new Float64Array(count);
  let at = 0;
  for (const list of lists)
    for (let i = 0; i < list.length;) {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = list[i++];
        if (byte === undefined || shift > 63n) throw new TensorProblem('a list of integers is broken');
        value |= BigInt(byte & 127) << shift;
        if (byte < 128) break;
      }
      if (at === count) throw new TensorProblem(`it has more than the ${count} values of its dims`);
      values[at++] = Number(BigInt.asIntN(64, value));
    }
  if (at !== count) throw new TensorProblem(`it has ${at} values where its dims say ${count}`);
  return values;
}

function externalBytes(tensor: RawTensor, length: number, read: ExternalReader): Uint8Array {
  const place = tensor.external!;
  const number = (key: string, otherwise: number): number => {
    const value = Number(place.get(key) ?? otherwise);
    if (!Number.isSafeInteger(value) || value < 0)
      throw new TensorProblem(`external data: ${key} is no size`);
    return value;
  };
  const stated = number('length', length);
  if (stated !== length)
    throw new TensorProblem(`external data of ${stated} bytes where its dims say ${length}`);
  return read(place.get('location') ?? '', number('offset', 0), length);
}

const concatenated = (lists: readonly Uint8Array[]): Uint8Array =>
  lists.length === 1 ? lists[0]! : Buffer.concat(lists);

/** Elements of `dims`; throws `TensorProblem` where that is no size. */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const extent of dims) {
    if (!Number.isSafeInteger(extent) || extent < 0) throw new TensorProblem(`an extent of ${extent}`);
    count *= extent;
  }
  if (count > 2 ** 31) throw new TensorProblem(`${dims.join('×')} values are too many`);
  return count;
}

/** The values of `tensor`. Throws `TensorProblem`. */
export function constantOf(tensor: RawTensor, external: ExternalReader): Constant {
  const element = ELEMENTS.get(tensor.type);
  if (element === undefined)
    throw new TensorProblem(
      `values of ${typeName(tensor.type)}, which is not taken; export the model in float32`,
    );
  const count = elementCount(tensor.dims);
  if (!element.real && count > (element.bytes === 8 ? MOST_INTEGERS : MOST_SMALL_INTEGERS))
    throw new TensorProblem(`${count} integers are too many`);
  const bytes = count * element.bytes;
  const check = (given: number, unit: string, wanted: number): void => {
    if (given !== wanted) throw new TensorProblem(`it has ${given} ${unit} where its dims say ${wanted}`);
  };
  let data: ArrayLike<number>;
  if (tensor.external !== null) data = element.decode(externalBytes(tensor, bytes, external));
  else if (tensor.raw !== null) {
    check(tensor.raw.length, 'bytes', bytes);
    data = element.decode(tensor.raw);
  } else if (element.listed === 'bits16') {
    const bits = tensor.loose.length > 0 ? tensor.loose : varints(tensor.typed, count);
    check(bits.length, 'values', count);
    data = element.decode(new Uint8Array(Uint16Array.from(bits).buffer));
  } else if (tensor.loose.length > 0) {
    check(tensor.loose.length, 'values', count);
    data = tensor.loose;
  } else if (element.real) {
    const packed = concatenated(tensor.typed);
    check(packed.length, 'bytes', bytes);
    data = element.decode(packed);
  } else data = varints(tensor.typed, count);
  const typed =
    element.real && tensor.type !== DATA_TYPE.double ? Float32Array.from(data) : Float64Array.from(data);
  return { dims: tensor.dims, data: data instanceof Float32Array ? data : typed, type: tensor.type };
}
