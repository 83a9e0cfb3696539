/**
 * Writing an ONNX model node by node. Names are the caller's and must be unique; fields, nodes and initializers
 * are encoded in the order in which they were added, so that the same calls give the same bytes.
 *
 * Opset 19 and IR version 9 (2023): ONNX Runtime 1.15, TensorRT 10 and OpenVINO 2023.2 read them. It is the oldest
 * opset for which the official reference evaluator has QuantizeLinear and DequantizeLinear, so that every file can be
 * held against it, and nothing newer is used.
 */
import { invariant } from '../../core/errors.js';
import {
  ATTRIBUTE_TYPE,
  DATA_TYPE,
  ModelProto,
  type Attribute,
  type DataType,
  type Graph,
} from '../../onnx-file/proto.js';

export const OPSET = 19;
export const IR_VERSION = 9;

export type ElementType = Extract<
  DataType,
  'float' | 'double' | 'int8' | 'uint8' | 'int32' | 'int64' | 'uint16' | 'bool'
>;
/** A named extent is symbolic. */
export type Dimension = number | string;

type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface NodeOptions {
  readonly attributes?: Attributes;
  /** Operator domain; ONNX's own when absent. */
  readonly domain?: string;
  /** Names of further outputs that the operator has and nobody reads. */
  readonly unread?: readonly string[];
}

export interface OnnxWriter {
  /** Appends a node and returns its first output's name, which is also the node's. */
  node(type: string, name: string, inputs: readonly string[], options?: NodeOptions): string;
  /** What `make(name)` emitted under `name`, made at the first call. */
  once(name: string, make: (name: string) => string): string;
  /** Adds an initializer unless one of that name exists, and returns its name. */
  constant(name: string, type: ElementType, values: ArrayLike<number>, dims: readonly number[]): string;
  input(name: string, type: ElementType, dims: readonly Dimension[]): string;
  output(name: string, type: ElementType, dims: readonly Dimension[]): void;
  /** Declares the shape of a value, for readers that infer none. */
  declare(name: string, type: ElementType, dims: readonly Dimension[]): void;
  finish(facts: ModelFacts): Uint8Array;
}

export interface ModelFacts {
  readonly graphName: string;
  /** One paragraph for whoever opens the file. */
  readonly doc: string;
  readonly producerVersion: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Version of ONNX's own operators; `OPSET` unless said otherwise. */
  readonly opset?: number;
  /** Further operator domains and their versions. */
  readonly domains?: Readonly<Record<string, number>>;
}

const ARRAYS = {
  float: Float32Array,
  double: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int32: Int32Array,
  uint16: Uint16Array,
  bool: Uint8Array,
} as const;

/** Little-endian bytes; refuses a value that the type cannot hold. */
function rawBytes(name: string, type: ElementType, values: ArrayLike<number>): Uint8Array {
  const array =
    type === 'int64'
      ? BigInt64Array.from({ length: values.length }, (_, i) => BigInt(values[i]!))
      : ARRAYS[type].from(values);
  if (type !== 'int64' && type !== 'float')
    for (let i = 0; i < values.length; i++)
      invariant(array[i] === values[i], `${name}: ${values[i]} does not fit ${type}`);
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function attribute(name: string, value: AttributeValue): Attribute {
  if ('int' in value) return { name, i: value.int, type: ATTRIBUTE_TYPE.int };
  if ('float' in value) return { name, f: value.float, type: ATTRIBUTE_TYPE.float };
  if ('ints' in value) return { name, ints: [...value.ints], type: ATTRIBUTE_TYPE.ints };
  return { name, s: Buffer.from(value.text, 'utf8'), type: ATTRIBUTE_TYPE.string };
}

const valueInfo = (name: string, type: ElementType, dims: readonly Dimension[]) => ({
  name,
  type: {
    tensorType: {
      elemType: DATA_TYPE[type],
      shape: { dim: dims.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d })) },
    },
  },
});

export function createOnnxWriter(): OnnxWriter {
  const names = new Set<string>();
  const constants = new Set<string>();
  const graph = {
    node: [],
    initializer: [],
    input: [],
    output: [],
    valueInfo: [],
  } satisfies Graph as Required<Pick<Graph, 'node' | 'initializer' | 'input' | 'output' | 'valueInfo'>>;
  const claim = (name: string): string => {
    invariant(!names.has(name), `two tensors are called ${name}`);
    names.add(name);
    return name;
  };
  return {
    node(type, name, inputs, { attributes = {}, domain = '', unread = [] } = {}) {
      claim(name);
      graph.node!.push({
        opType: type,
        name,
        input: [...inputs],
        output: [name, ...unread.map(claim)],
        attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
        ...(domain === '' ? {} : { domain }),
      });
      return name;
    },
    once: (name, make) => (names.has(name) ? name : make(name)),
    constant(name, type, values, dims) {
      if (constants.has(name)) return name;
      constants.add(name);
      invariant(
        dims.reduce((a, b) => a * b, 1) === values.length,
        `${name}: ${values.length} values for ${dims.join('×')}`,
      );
      graph.initializer!.push({
        name: claim(name),
        dataType: DATA_TYPE[type],
        dims: [...dims],
        rawData: rawBytes(name, type, values),
      });
      return name;
    },
    input(name, type, dims) {
      graph.input!.push(valueInfo(claim(name), type, dims));
      return name;
    },
    output(name, type, dims) {
      invariant(names.has(name), `output ${name} is not computed`);
      graph.output!.push(valueInfo(name, type, dims));
    },
    declare: (name, type, dims) => {
      graph.valueInfo!.push(valueInfo(name, type, dims));
    },
    finish: ({ graphName, doc, producerVersion, metadata, opset = OPSET, domains = {} }) =>
      ModelProto.encode({
        irVersion: IR_VERSION,
        producerName: 'vetoc',
        producerVersion,
        docString: doc,
        opsetImport: [
          { domain: '', version: opset },
          ...Object.entries(domains).map(([domain, version]) => ({ domain, version })),
        ],
        graph: {
          ...graph,
          // A value is described once: outputs describe themselves.
          valueInfo: graph.valueInfo!.filter((v) => !graph.output!.some((o) => o.name === v.name)),
          name: graphName,
          docString: doc,
        },
        metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      }).finish(),
  };
}
