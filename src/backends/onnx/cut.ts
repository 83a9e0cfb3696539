/**
 * An emitted `fixed.onnx` cut between its stages: the same nodes and initializers, but the readers of every stage's
 * tensor get a graph input of its own in its place, so that each stage can be driven alone.
 */
import { UnsupportedError } from '../../core/errors.js';
import { addTensorOutputs, stagePlaces } from './expose.js';
import { ATTRIBUTE_TYPE, DATA_TYPE, ModelProto, type Graph, type Node } from '../../onnx-file/proto.js';

/** Of the graph inputs, int32 `[N, height, width, channels]`, that stand for the stages' tensors. */
export const GIVEN_SUFFIX = '.given';

/** Nodes that bring `<id>.given` into the layout and type of the stage's `computed` value, under the `value`'s name. */
function givenNodes(id: string, value: string, computed: string, rank: 2 | 4): readonly Node[] {
  const image = `${id}.given_image`;
  const vector = `${id}.given_vector`;
  const node = (opType: string, name: string, input: string[], attribute: Node['attribute'] = []): Node => ({
    opType,
    name,
    input,
    output: [name],
    attribute: attribute ?? [],
  });
  const last = rank === 4 ? image : vector;
  const perm = { name: 'perm', ints: [0, 3, 1, 2], type: ATTRIBUTE_TYPE.ints };
  return [
    node('Transpose', image, [`${id}${GIVEN_SUFFIX}`], [perm]),
    ...(rank === 4 ? [] : [node('Flatten', vector, [image])]),
    { ...node('CastLike', `${id}.given_value`, [last, computed]), output: [value] },
  ];
}

/**
 * `model` with an input `<id>.given` and an output `<id>.tensor`, both int32 `[N, height, width, channels]`, for every
 * node of its graph. The output is what the node computes, the input what its readers see. Throws `UnsupportedError`
 * where two stages share a value.
 */
export function cutStages(model: Uint8Array): Uint8Array {
  const decoded = ModelProto.decode(model);
  const places = stagePlaces(decoded);
  const graph = decoded.graph as Graph;
  const stageOf = new Map([...places].map(([id, { value, rank }]) => [value, { id, rank }]));
  const shared = [...places].filter(([id, { value }]) => stageOf.get(value)!.id !== id);
  if (shared.length > 0)
    throw new UnsupportedError(
      'driving each stage alone',
      shared.map(([id]) => ({
        what: id,
        why: 'an earlier vetoc gave it one value with another stage; emit the model again',
      })),
    );
  const nodes: Node[] = [];
  for (const node of graph.node ?? []) {
    const value = node.output?.[0] ?? '';
    const stage = stageOf.get(value);
    if (stage === undefined) {
      nodes.push(node);
      continue;
    }
    const computed = `${value}.computed`;
    nodes.push({ ...node, output: [computed] }, ...givenNodes(stage.id, value, computed, stage.rank));
    graph.input?.push({
      name: `${stage.id}${GIVEN_SUFFIX}`,
      type: { tensorType: { elemType: DATA_TYPE.int32 } },
    });
  }
  graph.node = nodes;
  const computed = [...places].map(
    ([id, { value, rank }]) => [id, { value: `${value}.computed`, rank }] as const,
  );
  addTensorOutputs(graph, new Map(computed));
  return ModelProto.encode(decoded).finish();
}
