/** The ONNX dialects that networks are written in, by name. */
import type { FixedGraph, FloatGraph } from '../../ir/graph.js';
import { emitFixedOnnx } from './fixed.js';
import { emitFloatOnnx } from './float.js';
import type { EmitOptions } from './metadata.js';
import { emitQdqOnnx } from './qdq.js';
import { emitQonnx } from './qonnx.js';

/** A network before and after quantization. */
interface Networks {
  readonly float: FloatGraph;
  readonly fixed: FixedGraph;
}

export interface OnnxDialect {
  readonly file: string;
  /** Who reads it, for the help. */
  readonly summary: string;
  readonly emit: (networks: Networks, options: EmitOptions) => Uint8Array;
}

export const ONNX_DIALECTS = {
  float: {
    file: 'float.onnx',
    summary: 'the float32 reference',
    emit: ({ float }, options) => emitFloatOnnx(float, options),
  },
  fixed: {
    file: 'fixed.onnx',
    summary: 'raw frames in, integers out, the bits of the firmware',
    emit: ({ fixed }, options) => emitFixedOnnx(fixed, options),
  },
  'qdq-int8': {
    file: 'qdq-int8.onnx',
    summary: 'signed int8 QuantizeLinear pairs, for TensorRT',
    emit: ({ fixed }, options) => emitQdqOnnx(fixed, options),
  },
  qdq: {
    file: 'qdq.onnx',
    summary: 'the same with uint8 where tensors are unsigned, for ONNX Runtime',
    emit: ({ fixed }, options) => emitQdqOnnx(fixed, { ...options, uint8: true }),
  },
  qonnx: {
    file: 'qonnx.onnx',
    summary: 'QONNX, channels last, without preprocessing, for hls4ml and FINN',
    emit: ({ fixed }, options) => emitQonnx(fixed, options),
  },
} satisfies Readonly<Record<string, OnnxDialect>>;
export type OnnxDialectName = keyof typeof ONNX_DIALECTS;
export const ONNX_DIALECT_NAMES = Object.keys(ONNX_DIALECTS) as OnnxDialectName[];
