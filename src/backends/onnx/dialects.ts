/** The ONNX dialects that networks are written in, by name. */
import type { Dialect, Networks } from '../backend.js';
import { emitFixedOnnx } from './fixed.js';
import { emitFloatOnnx } from './float.js';
import { emitQdqOnnx } from './qdq.js';
import { layersInFloat } from './qdq-checks.js';
import { emitQonnx } from './qonnx.js';

const inFloat = ({ fixed }: Networks, uint8: boolean): readonly string[] =>
  layersInFloat(fixed, uint8).map(({ id, why }) => `${id} stays in float: ${why}`);

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
    notes: (networks) => inFloat(networks, false),
  },
  qdq: {
    file: 'qdq.onnx',
    summary: 'the same with uint8 where tensors are unsigned, for ONNX Runtime',
    emit: ({ fixed }, options) => emitQdqOnnx(fixed, { ...options, uint8: true }),
    notes: (networks) => inFloat(networks, true),
  },
  qonnx: {
    file: 'qonnx.onnx',
    summary: 'QONNX, channels last, without preprocessing, for hls4ml and FINN',
    emit: ({ fixed }, options) => emitQonnx(fixed, options),
  },
} satisfies Readonly<Record<string, Dialect>>;
export type OnnxDialectName = keyof typeof ONNX_DIALECTS;
export const ONNX_DIALECT_NAMES = Object.keys(ONNX_DIALECTS) as OnnxDialectName[];
