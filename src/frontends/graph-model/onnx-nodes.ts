/** ONNX operators that are made here rather than read: what TensorFlow's are said in. */
import { DATA_TYPE } from '../../onnx-file/proto.js';
import type { OnnxAttribute, OnnxNode } from '../onnx/model.js';
import type { RawTensor } from '../onnx/tensor-data.js';

const NOTHING = { float: 0, int: 0, text: '', ints: [], floats: [], tensor: null, hasSubgraph: false };

export type Value =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

/** An operator with one output, which has the operator's name unless `output` is given. */
export function onnxNode(
  type: string,
  name: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Value>> = {},
): OnnxNode {
  const all = Object.entries(attributes).map(([key, value]): [string, OnnxAttribute] => [
    key,
    { ...NOTHING, name: key, ...value },
  ]);
  return { type, domain: '', name, inputs, outputs: [name], attributes: new Map(all) };
}

const tensor = (name: string, type: number, dims: readonly number[], raw: Uint8Array): RawTensor => ({
  name,
  type,
  dims,
  raw,
  typed: [],
  loose: [],
  external: null,
});

export const floatTensor = (name: string, dims: readonly number[], values: ArrayLike<number>): RawTensor =>
  tensor(name, DATA_TYPE.float, dims, new Uint8Array(Float32Array.from(values).buffer));

export const wholeTensor = (name: string, dims: readonly number[], values: ArrayLike<number>): RawTensor =>
  tensor(name, DATA_TYPE.int64, dims, new Uint8Array(BigInt64Array.from(Array.from(values), BigInt).buffer));
