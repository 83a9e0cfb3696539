/**
 * The attributes that an import honours, or that change nothing at inference, operator by operator. One that stands
 * here for no operator is refused: what is not understood is not dropped.
 */
import { ACTIVATION_ATTRIBUTES } from './activation-rules.js';
import type { OnnxNode } from './model.js';

const WINDOW = ['auto_pad', 'dilations', 'kernel_shape', 'pads', 'strides'];
const REDUCTION = ['axes', 'keepdims', 'noop_with_empty_axes'];
const CONSTANTS = ['value', 'value_float', 'value_floats', 'value_int', 'value_ints'];
const QUANTIZER = ['axis', 'output_dtype', 'precision', 'saturate'];

const HONOURED: Readonly<Record<string, readonly string[]>> = {
  ...ACTIVATION_ATTRIBUTES,
  AveragePool: [...WINDOW, 'ceil_mode', 'count_include_pad'],
  BipolarQuant: [],
  BatchNormalization: ['epsilon', 'momentum', 'spatial', 'training_mode'],
  Cast: ['to', 'saturate', 'round_mode'],
  Clip: ['min', 'max'],
  Concat: ['axis'],
  Constant: CONSTANTS,
  ConstantOfShape: ['value'],
  Conv: [...WINDOW, 'group'],
  DequantizeLinear: QUANTIZER,
  Dropout: ['ratio', 'seed'],
  Flatten: ['axis'],
  Gather: ['axis'],
  Gemm: ['alpha', 'beta', 'transA', 'transB'],
  IntQuant: ['narrow', 'rounding_mode', 'signed'],
  LogSoftmax: ['axis'],
  MaxPool: [...WINDOW, 'ceil_mode', 'storage_order'],
  Pad: ['mode', 'pads', 'value'],
  QGemm: ['alpha', 'transA', 'transB'],
  QLinearAveragePool: [...WINDOW, 'ceil_mode', 'channels_last', 'count_include_pad'],
  QLinearConcat: ['axis'],
  QLinearConv: [...WINDOW, 'group'],
  QLinearGlobalAveragePool: ['channels_last'],
  QLinearLeakyRelu: ['alpha'],
  QLinearSoftmax: ['axis', 'opset'],
  QLinearReduceMean: ['axes', 'keepdims'],
  Quant: ['narrow', 'rounding_mode', 'signed'],
  QuantizeLinear: QUANTIZER,
  ReduceL1: REDUCTION,
  ReduceL2: REDUCTION,
  ReduceMax: REDUCTION,
  ReduceMean: REDUCTION,
  ReduceMin: REDUCTION,
  ReduceProd: REDUCTION,
  ReduceSum: REDUCTION,
  ReduceSumSquare: REDUCTION,
  Reshape: ['allowzero', 'shape'],
  Resize: [
    'antialias',
    'axes',
    'coordinate_transformation_mode',
    'cubic_coeff_a',
    'exclude_outside',
    'extrapolation_value',
    'keep_aspect_ratio_policy',
    'mode',
    'nearest_mode',
  ],
  Shape: ['end', 'start'],
  Slice: ['axes', 'ends', 'starts'],
  Softmax: ['axis'],
  SpaceToDepth: ['blocksize'],
  Split: ['axis', 'num_outputs', 'split'],
  Squeeze: ['axes'],
  Transpose: ['perm'],
  Upsample: ['mode', 'scales'],
  Trunc: ['narrow', 'rounding_mode', 'signed'],
  Unsqueeze: ['axes'],
};

/** Attributes that mean nothing at this value. */
const IDLE: Readonly<Record<string, number>> = { block_size: 0 };

/** The attributes of `node` that nothing here reads. */
export const strangeAttributes = ({ type, attributes }: OnnxNode): readonly string[] =>
  [...attributes.values()]
    .filter(({ name, int }) => HONOURED[type]?.includes(name) !== true && IDLE[name] !== int)
    .map(({ name }) => name);
