/**
 * Looking inside an emitted `fixed.onnx`: the same model that also puts out the tensor of every node. The file itself
 * says which of its values those are, so that what is looked at is what was emitted and nothing emitted anew.
 */
import { z } from 'zod';
import { UserError } from '../../core/errors.js';
import { TENSOR_SUFFIX, TENSORS_KEY } from './metadata.js';
import { ATTRIBUTE_TYPE, DATA_TYPE, ModelProto, type Graph, type Node } from '../../onnx-file/proto.js';

const placesSchema = z.record(
  z.string(),
  z.tuple([z.string(), z.union([z.literal(2), z.literal(4)])]).readonly(),
);

/** Nodes that bring `[N, C, H, W]` or `[N, C]` to int32 `[N, H, W, C]` under the output's name. */
function exposingNodes(id: string, value: string, rank: 2 | 4): readonly Node[] {
  const node = (
    opType: string,
    name: string,
    input: readonly string[],
    attribute: Node['attribute'],
  ): Node => ({
    opType,
    name,
    input: [...input],
    output: [name],
    attribute: attribute ?? [],
  });
  const image = rank === 4 ? value : `${id}.exposed_image`;
  const integers = `${id}.exposed_integers`;
  return [
    ...(rank === 4 ? [] : [node('Unsqueeze', image, [value, AXES], [])]),
    node('Cast', integers, [image], [{ name: 'to', i: DATA_TYPE.int32, type: ATTRIBUTE_TYPE.int }]),
    node(
      'Transpose',
      `${id}${TENSOR_SUFFIX}`,
      [integers],
      [{ name: 'perm', ints: [0, 2, 3, 1], type: ATTRIBUTE_TYPE.ints }],
    ),
  ];
}

const AXES = 'exposed_axes';

/** Where in an emitted model a stage's tensor lies. */
export interface Place {
  readonly value: string;
  readonly rank: 2 | 4;
}

type Decoded = ReturnType<typeof ModelProto.decode>;

/** The value that holds each stage's tensor, as the model itself says. */
export function stagePlaces(decoded: Decoded): ReadonlyMap<string, Place> {
  const facts = decoded.metadataProps.find(({ key }) => key === TENSORS_KEY)?.value;
  if (typeof facts !== 'string')
    throw new UserError('the model does not say which of its values are stages', {
      field: TENSORS_KEY,
      remedy: 'write it again with this vetoc',
    });
  const places = Object.entries(placesSchema.parse(JSON.parse(facts)));
  return new Map(places.map(([id, [value, rank]]) => [id, { value, rank }]));
}

/** Adds an output `<id>.tensor`, int32 `[N, height, width, channels]`, for every one of `places`. */
export function addTensorOutputs(graph: Graph, places: ReadonlyMap<string, Place>): void {
  const outputs = new Set(graph.output?.map(({ name }) => name));
  graph.initializer?.push({
    name: AXES,
    dataType: DATA_TYPE.int64,
    dims: [2],
    rawData: new Uint8Array(BigInt64Array.of(2n, 3n).buffer),
  });
  for (const [id, { value, rank }] of places) {
    const name = `${id}${TENSOR_SUFFIX}`;
    if (outputs.has(name)) continue;
    graph.node?.push(...exposingNodes(id, value, rank));
    graph.output?.push({ name, type: { tensorType: { elemType: DATA_TYPE.int32 } } });
  }
}

/** `model` with the tensor of every node of its graph as an output. */
export function exposeTensors(model: Uint8Array): Uint8Array {
  const decoded = ModelProto.decode(model);
  const places = stagePlaces(decoded);
  addTensorOutputs(decoded.graph as Graph, places);
  return ModelProto.encode(decoded).finish();
}
