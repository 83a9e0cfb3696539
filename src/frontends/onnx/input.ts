/** The one input of a model: its layout, its element type, and what preprocessing it needs. */
import { UserError } from '../../core/errors.js';
import { format } from '../../fixed/format.js';
import { elements, nodeId, type NodeId, type Shape } from '../../ir/common.js';
import type { FloatNode, PreprocessNode } from '../../ir/ops/index.js';
import { DATA_TYPE } from '../../onnx-file/proto.js';
import type { PreprocessGraph, PreprocessOptions } from '../network/preprocess.js';
import type { OnnxModel, OnnxValue } from './model.js';
import { typeName } from './tensor-data.js';
import { vectorView, wholeView, type ImageAxis, type View } from './view.js';

const userError = (model: OnnxModel, problem: string, remedy: string): UserError =>
  new UserError(problem, { file: model.file, remedy });

/**
 * What the numbers of an image are: fractions from 0 to 1, as the table of the preprocessing gives them; its codes, 0
 * to 255; or the counts of the raw frame.
 */
export type ImageValues = 'fractions' | 'codes' | 'counts';

/** ONNX's element types that an input may have. */
export type InputType = 'float32' | 'float16' | 'uint8' | 'uint16';
const INPUT_TYPES: ReadonlyMap<number, { readonly type: InputType; readonly values: ImageValues }> = new Map([
  [DATA_TYPE.float, { type: 'float32', values: 'fractions' }],
  [DATA_TYPE.float16, { type: 'float16', values: 'fractions' }],
  [DATA_TYPE.uint8, { type: 'uint8', values: 'codes' }],
  [DATA_TYPE.uint16, { type: 'uint16', values: 'counts' }],
]);

/** What the exporter calls it where that is another word. */
const ALIASES: Readonly<Record<string, string>> = { double: 'float64 (double)', float: 'float32' };

/** The element type of `input`. Throws `UserError` for one that is not taken. */
export function inputType(model: OnnxModel, input: OnnxValue): { type: InputType; values: ImageValues } {
  const found = INPUT_TYPES.get(input.elementType);
  if (found !== undefined) return found;
  const name = typeName(input.elementType);
  throw userError(
    model,
    `takes values of ${ALIASES[name] ?? name} as ${input.name}; float32, float16, uint8 and uint16 are taken`,
    'export it in float32 (PyTorch: model.float())',
  );
}

/** The one input that is not a weight. */
export function frameInput(model: OnnxModel): OnnxValue {
  const inputs = model.inputs.filter(({ name }) => !model.initializers.has(name));
  const [input] = inputs;
  if (input === undefined || inputs.length > 1)
    throw userError(
      model,
      `has ${inputs.length} inputs (${inputs.map(({ name }) => name).join(', ')}); a network of one image is taken`,
      'export the network with its image as the only input',
    );
  return input;
}

/** Axes behind the batch, the usual order first; a row has no second axis, a vector is an image row by row. */
const LAYOUTS: readonly (readonly ImageAxis[])[] = [
  ['c', 'h', 'w'],
  ['h', 'w', 'c'],
  ['h', 'w'],
  ['c', 'w'],
];
const ALL_AXES: readonly ImageAxis[] = ['h', 'w', 'c'];
const EXTENT = { h: 0, w: 1, c: 2 } as const;

/** How an image of `shape` `[h, w, c]` fits the input's dims, the usual layout first; null where it does not. */
export function inputView({ dims }: OnnxValue, shape: Shape): View | null {
  if (dims === null) return wholeView(shape, ['c', 'h', 'w']);
  const behind = dims.slice(1);
  if (dims.length === 2 && shape[2] === 1 && [null, elements(shape)].includes(behind[0]!))
    return vectorView(shape);
  const fits = LAYOUTS.find(
    (axes) =>
      axes.length === behind.length &&
      ALL_AXES.every((axis) => axes.includes(axis) || shape[EXTENT[axis]] === 1) &&
      axes.every((axis, i) => behind[i] === null || behind[i] === shape[EXTENT[axis]]),
  );
  return fits === undefined ? null : wholeView(shape, fits);
}

/** `[height, width, channels]`; null where any will do. */
type WantedShape = readonly [number | null, number | null, number | null];

/** The images that `model` takes, the usual layout first. */
export function wantedShapes(model: OnnxModel): readonly WantedShape[] {
  const { dims } = frameInput(model);
  if (dims === null) return [[null, null, null]];
  const behind = dims.slice(1);
  if (behind.length === 1) {
    const side = Math.sqrt(behind[0] ?? NaN);
    return Number.isInteger(side) ? [[side, side, 1]] : [];
  }
  return LAYOUTS.filter((axes) => axes.length === behind.length).map((axes) => {
    const extent = (axis: ImageAxis): number | null =>
      axes.includes(axis) ? behind[axes.indexOf(axis)]! : 1;
    return [extent('h'), extent('w'), extent('c')];
  });
}

/** What `dims` are an input of, where they are no image of `given`. */
function describe(dims: readonly (number | null)[], given: Shape): { is: string; remedy: string } {
  const channels = [dims[1], dims[3]].find((n) => n === 3);
  if (dims.length === 4 && channels === 3 && given[2] !== 3)
    return {
      is: 'a colour image of three channels (RGB)',
      remedy:
        'train it on one channel, or sum its first weights over the colours; several channels of a detector are stated in the recipe’s section preprocess',
    };
  if (dims.length === 3)
    return {
      is: 'one row for one-dimensional layers (Conv1d)',
      remedy: 'give a network of images, or a crop of one row in the recipe’s section preprocess',
    };
  if (dims.length === 2)
    return {
      is: 'a vector of features, no image',
      remedy: 'give a network whose input has as many values as the image, row by row',
    };
  if (dims.length !== 4) return { is: `${dims.length} axes, no image`, remedy: 'give a network of images' };
  return {
    is: 'an image of another size',
    remedy: 'change the crop, the binning factor or the channels in the recipe’s section preprocess',
  };
}

/** Thrown where the preprocessing gives an image of `given` that `input` does not take. */
export function misfit(model: OnnxModel, { name, dims }: OnnxValue, given: Shape): UserError {
  const { is, remedy } = describe(dims ?? [], given);
  return userError(
    model,
    `takes ${dims?.map((n) => n ?? '?').join('×') ?? 'anything'} as ${name}, ${is}; the preprocessing gives ${given.join('×')} (height × width × channels)`,
    remedy,
  );
}

const MOST_COUNT = 65535;

/** `options` with the table that gives an image of `values`; fractions are what it gives as it is. */
export function preprocessFor(options: PreprocessOptions, values: ImageValues): PreprocessOptions {
  switch (values) {
    case 'fractions':
      return options;
    case 'codes':
      return { ...options, bits: 8 };
    case 'counts':
      return {
        ...options,
        bits: 16,
        channels: options.channels.map((channel) => {
          if (channel.bin === 'sum' || channel.contrast !== null)
            throw new UserError('sums and contrasts are not the uint16 counts that the network takes', {
              field: 'preprocess.channels',
              remedy: 'bin to maxima',
            });
          return { ...channel, clampMin: 0, clampMax: MOST_COUNT, table: 'linear' as const };
        }),
      };
  }
}

/** `node` with its mantissas as whole numbers: what an input of integers reads. */
const asIntegers = (node: PreprocessNode): PreprocessNode =>
  node.kind === 'lut' ? { ...node, format: format(false, node.format.width, node.format.width) } : node;

/** The preprocessing with its outputs as one tensor, joined where there are several. */
export function joined(
  { nodes, outputs }: PreprocessGraph,
  values: ImageValues,
): { readonly id: NodeId; readonly nodes: readonly FloatNode[] } {
  const made = values === 'fractions' ? nodes : nodes.map(asIntegers);
  if (outputs.length === 1) return { id: outputs[0]!, nodes: made };
  const id = nodeId('channels');
  return { id, nodes: [...made, { id, kind: 'concat', inputs: outputs }] };
}
