/**
 * Nodes that act on each of several modules: the pictures that are stacked along rows become pictures of the batch, and what is
 * made of them is stacked again. Every node does so by itself, so that each stage's tensor is a value of the file, as ever.
 */
import { stackShape } from '../../ir/modules.js';
import { factsOfPart } from '../../ir/ops/index.js';
import { inRank, type Tensor } from './tensor.js';
import type { OnnxWriter } from './writer.js';

const MODULES_BEFORE_CHANNELS = { attributes: { perm: { ints: [0, 2, 1, 3, 4] } } };

/** `x` in the shape `dims`; 0 stands for the extent that it has there. */
const reshaped = (writer: OnnxWriter, name: string, x: string, dims: readonly number[]): string =>
  writer.node('Reshape', name, [x, writer.constant(`${name}.shape`, 'int64', dims, [dims.length])]);

/** `[N, C, parts · H, W]` as `[N · parts, C, H, W]`; emitted once, however many read it. */
function apart<T extends Tensor>(writer: OnnxWriter, tensor: T, parts: number): T {
  const image = inRank(writer, tensor, 4);
  const [{ shape }] = factsOfPart(parts, [image]) as readonly [T];
  const [height, width, channels] = shape;
  const name = writer.once(`${image.name}.modules`, (n) => {
    if (channels === 1) return reshaped(writer, n, image.name, [-1, 1, height, width]);
    const split = reshaped(writer, `${n}.split`, image.name, [0, channels, parts, height, width]);
    const turned = writer.node('Transpose', `${n}.first`, [split], MODULES_BEFORE_CHANNELS);
    return reshaped(writer, n, turned, [-1, channels, height, width]);
  });
  return { ...image, name, shape };
}

/** `[N · parts, C, H, W]` as `[N, C, parts · H, W]`. */
function together<T extends Tensor>(writer: OnnxWriter, tensor: T, parts: number): T {
  const image = inRank(writer, tensor, 4);
  const [height, width, channels] = image.shape;
  const stacked = stackShape(image.shape, parts);
  const name = `${image.name}.stack`;
  if (channels === 1)
    return { ...image, shape: stacked, name: reshaped(writer, name, image.name, [-1, 1, stacked[0], width]) };
  const split = reshaped(writer, `${name}.split`, image.name, [-1, parts, channels, height, width]);
  const turned = writer.node('Transpose', `${name}.last`, [split], MODULES_BEFORE_CHANNELS);
  return { ...image, shape: stacked, name: reshaped(writer, name, turned, [0, channels, stacked[0], width]) };
}

/** What `emit` makes of `inputs`, on each of `parts` modules by itself. */
export function onParts<T extends Tensor, R extends Tensor>(
  writer: OnnxWriter,
  parts: number,
  inputs: readonly T[],
  emit: (inputs: readonly T[]) => R,
): R {
  if (parts === 1) return emit(inputs);
  return together(writer, emit(inputs.map((x) => apart(writer, x, parts))), parts);
}
