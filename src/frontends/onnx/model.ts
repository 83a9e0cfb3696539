/**
 * Reading an ONNX file: protobuf on the wire to plain values, no more of it than an import needs.
 *
 * Written against hostile files: nothing is allocated by what a length field claims, tensors stay views of the file
 * until somebody reads them, the parts that grow in memory are counted against a budget, and subgraphs (control
 * flow) are noticed and not descended into.
 */
import { UserError } from '../../core/errors.js';
import { Reader } from '../../onnx-file/proto.js';
import type { RawTensor } from './tensor-data.js';

export interface OnnxAttribute {
  readonly name: string;
  readonly float: number;
  readonly int: number;
  readonly text: string;
  readonly ints: readonly number[];
  readonly floats: readonly number[];
  readonly tensor: RawTensor | null;
  readonly hasSubgraph: boolean;
}

export interface OnnxNode {
  readonly type: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** A graph input or output; an extent that is not stated is null. `dims` is null where there is no shape at all. */
export interface OnnxValue {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly (number | null)[] | null;
}

export interface OnnxModel {
  /** As the user named it, for errors. */
  readonly file: string;
  readonly producer: string;
  /** Version of each operator domain; ONNX's own is ''. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly graphName: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, RawTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** Protobuf's own limit on a message. */
export const LARGEST_FILE = 2 ** 31 - 1;
/** Nodes, names, attributes and numbers that a file may hold outside its tensors. ResNet-101 has about 20,000. */
const MOST_PARTS = 500_000;

const refusal = (file: string, why: string): UserError =>
  new UserError(`is not an ONNX model that can be read: ${why}`, {
    file,
    remedy: 'check that the file is whole, or export it again',
  });

type Field = (reader: Reader, wireType: number) => void;

/** Reads messages of one file. */
class Scanner {
  private parts = 0;
  constructor(private readonly file: string) {}

  fail(why: string): never {
    throw refusal(this.file, why);
  }

  /** Calls the field's entry for every field of the message in `bytes`; fields without one are skipped. */
  message(bytes: Uint8Array, fields: Readonly<Record<number, Field>>): void {
    const reader = Reader.create(bytes);
    while (reader.pos < reader.len) {
      if (++this.parts > MOST_PARTS) this.fail(`it has more than ${MOST_PARTS} parts`);
      const tag = reader.uint32();
      const field = fields[tag >>> 3];
      if (field === undefined) reader.skipType(tag & 7);
      else field(reader, tag & 7);
    }
  }

  /** One number, or a packed run of them. */
  numbers(reader: Reader, wireType: number, read: (reader: Reader) => number, into: number[]): void {
    if (wireType !== 2) {
      into.push(read(reader));
      return;
    }
    const end = reader.uint32() + reader.pos;
    if (end > reader.len) this.fail('a list is longer than what holds it');
    while (reader.pos < end) {
      if (++this.parts > MOST_PARTS) this.fail(`it has more than ${MOST_PARTS} parts`);
      into.push(read(reader));
    }
  }
}

const int64 = (reader: Reader): number => Number(reader.int64());
const float = (reader: Reader): number => reader.float();

function readTensor(s: Scanner, bytes: Uint8Array): RawTensor {
  const dims: number[] = [];
  const typed: Uint8Array[] = [];
  const loose: number[] = [];
  const external = new Map<string, string>();
  let name = '';
  let type = 0;
  let raw: Uint8Array | null = null;
  let isExternal = false;
  /** Packed values stay as they are; a value on its own, as old writers have it, is kept apart. */
  const values =
    (read: (reader: Reader) => number): Field =>
    (r, wire) => {
      if (wire === 2) typed.push(r.bytes());
      else loose.push(read(r));
    };
  s.message(bytes, {
    1: (r, wire) => {
      s.numbers(r, wire, int64, dims);
    },
    2: (r) => (type = r.int32()),
    4: values(float),
    5: values((r) => r.int32()),
    7: values(int64),
    8: (r) => (name = r.string()),
    9: (r) => (raw = r.bytes()),
    10: values((r) => r.double()),
    11: values((r) => Number(r.uint64())),
    13: (r) => {
      const [key, value] = readEntry(s, r.bytes());
      external.set(key, value);
    },
    14: (r) => (isExternal = r.int32() === 1),
  });
  return { name, type, dims, raw, typed, loose, external: isExternal ? external : null };
}

function readEntry(s: Scanner, bytes: Uint8Array): readonly [string, string] {
  let key = '';
  let value = '';
  s.message(bytes, { 1: (r) => (key = r.string()), 2: (r) => (value = r.string()) });
  return [key, value];
}

function readAttribute(s: Scanner, bytes: Uint8Array): OnnxAttribute {
  const ints: number[] = [];
  const floats: number[] = [];
  let [name, text, number, int, hasSubgraph] = ['', '', 0, 0, false];
  let tensor: RawTensor | null = null;
  s.message(bytes, {
    1: (r) => (name = r.string()),
    2: (r) => (number = r.float()),
    3: (r) => (int = int64(r)),
    4: (r) => (text = r.string()),
    5: (r) => (tensor = readTensor(s, r.bytes())),
    6: (r, wire) => {
      r.skipType(wire);
      hasSubgraph = true;
    },
    7: (r, wire) => {
      s.numbers(r, wire, float, floats);
    },
    8: (r, wire) => {
      s.numbers(r, wire, int64, ints);
    },
    11: (r, wire) => {
      r.skipType(wire);
      hasSubgraph = true;
    },
  });
  return { name, float: number, int, text, ints, floats, tensor, hasSubgraph };
}

function readNode(s: Scanner, bytes: Uint8Array): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, OnnxAttribute>();
  let [type, domain, name] = ['', '', ''];
  s.message(bytes, {
    1: (r) => inputs.push(r.string()),
    2: (r) => outputs.push(r.string()),
    3: (r) => (name = r.string()),
    4: (r) => (type = r.string()),
    5: (r) => {
      const attribute = readAttribute(s, r.bytes());
      attributes.set(attribute.name, attribute);
    },
    7: (r) => (domain = r.string()),
  });
  return { type, domain: domain === 'ai.onnx' ? '' : domain, name, inputs, outputs, attributes };
}

function readValue(s: Scanner, bytes: Uint8Array): OnnxValue {
  let name = '';
  let elementType = 0;
  let dims: (number | null)[] | null = null;
  const dimension = (r: Reader): void => {
    let extent: number | null = null;
    s.message(r.bytes(), { 1: (inner) => (extent = int64(inner)) });
    dims!.push(extent);
  };
  const shape = (r: Reader): void => {
    dims = [];
    s.message(r.bytes(), { 1: dimension });
  };
  const tensorType = (r: Reader): void => {
    s.message(r.bytes(), { 1: (inner) => (elementType = inner.int32()), 2: shape });
  };
  s.message(bytes, {
    1: (r) => (name = r.string()),
    2: (r) => {
      s.message(r.bytes(), { 1: tensorType });
    },
  });
  return { name, elementType, dims };
}

function readGraph(s: Scanner, bytes: Uint8Array) {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, RawTensor>();
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  let graphName = '';
  s.message(bytes, {
    1: (r) => nodes.push(readNode(s, r.bytes())),
    2: (r) => (graphName = r.string()),
    5: (r) => {
      const tensor = readTensor(s, r.bytes());
      initializers.set(tensor.name, tensor);
    },
    11: (r) => inputs.push(readValue(s, r.bytes())),
    12: (r) => outputs.push(readValue(s, r.bytes())),
  });
  return { graphName, nodes, initializers, inputs, outputs };
}

/** Reads the ONNX model in `bytes`; throws `UserError` naming `file`. */
export function readOnnxModel(bytes: Uint8Array, file: string): OnnxModel {
  const s: Scanner = new Scanner(file);
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  let producer = '';
  const graphs: Uint8Array[] = [];
  try {
    s.message(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
      2: (r) => (producer = r.string()),
      7: (r) => graphs.push(r.bytes()),
      8: (r) => {
        let [domain, version] = ['', 0];
        s.message(r.bytes(), { 1: (i) => (domain = i.string()), 2: (i) => (version = int64(i)) });
        opsets.set(domain === 'ai.onnx' ? '' : domain, version);
      },
      14: (r) => {
        const [key, value] = readEntry(s, r.bytes());
        metadata.set(key, value);
      },
    });
    const [graph] = graphs;
    if (graph === undefined || opsets.size === 0) s.fail('it holds no graph');
    return { file, producer, opsets, metadata, ...readGraph(s, graph) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    // protobufjs says what is wrong with the bytes in errors of its own.
    throw refusal(file, error instanceof Error ? error.message : String(error));
  }
}
