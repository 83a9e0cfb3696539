/**
 * The protobuf classes of ONNX (as of onnx 1.10, whose wire format later versions only add to) and the enumeration values that vetoc writes and reads.
 */
import protobuf from 'protobufjs/minimal.js';
import proto from './generated/onnx.cjs';
import type { onnx } from './generated/onnx.cjs';

/** Reads the wire format field by field, for files whose fields this version of the schema does not know. */
export const { Reader } = protobuf;
export type Reader = protobuf.Reader;

export const { ModelProto, GraphProto, NodeProto, TensorProto, AttributeProto } = proto.onnx;
export type Graph = onnx.IGraphProto;
export type Node = onnx.INodeProto;
export type Attribute = onnx.IAttributeProto;

/** `TensorProto.DataType` (onnx.proto). */
export const DATA_TYPE = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;
export type DataType = keyof typeof DATA_TYPE;

/** `AttributeProto.AttributeType` (onnx.proto). */
export const ATTRIBUTE_TYPE = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  floats: 6,
  ints: 7,
  strings: 8,
} as const;
