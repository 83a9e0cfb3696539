/**
 * An emitted `fixed.onnx` without its preprocessing: the same nodes and initializers from there on, with the tensors that the
 * preprocessing gives as inputs. For who computes those faster than ONNX operators do.
 */
import { invariant } from '../../core/errors.js';
import type { NodeId, Shape } from '../../ir/common.js';
import { DATA_TYPE, ModelProto, type Graph, type Node } from '../../onnx-file/proto.js';
import { stagePlaces } from './expose.js';

/** A tensor that the network reads, `[height, width, 1]`, of integers that float32 holds. */
export interface GivenTensor {
  readonly id: NodeId;
  readonly shape: Shape;
}

export interface NetworkAlone {
  readonly model: Uint8Array;
  /** Names of the inputs, float32 `[N, 1, height, width]`, in the order of the tensors. */
  readonly inputs: readonly string[];
}

/** The nodes that `outputs` need, in their order, where `given` are known. */
function needed(nodes: readonly Node[], outputs: readonly string[], given: ReadonlySet<string>): Node[] {
  const wanted = new Set(outputs);
  return nodes
    .toReversed()
    .filter(({ input, output }) => {
      const isNeeded = output?.some((name) => wanted.has(name) && !given.has(name)) === true;
      if (isNeeded) for (const name of input ?? []) wanted.add(name);
      return isNeeded;
    })
    .reverse();
}

/** `model` from `tensors` on, which are all that its network reads of the frame. */
export function networkAlone(model: Uint8Array, tensors: readonly GivenTensor[]): NetworkAlone {
  const decoded = ModelProto.decode(model);
  const places = stagePlaces(decoded);
  const graph = decoded.graph as Graph;
  const inputs = tensors.map(({ id }) => {
    const place = places.get(id);
    invariant(place?.rank === 4, `${id} is no image of the model`);
    return place.value;
  });
  const nodes = needed(
    graph.node ?? [],
    (graph.output ?? []).map(({ name }) => name!),
    new Set(inputs),
  );
  const read = new Set(nodes.flatMap(({ input }) => input ?? []));
  const asked = (graph.input ?? []).filter(({ name }) => read.has(name!));
  const given = tensors.map(({ shape: [height, width] }, i) => ({
    name: inputs[i]!,
    type: {
      tensorType: {
        elemType: DATA_TYPE.float,
        shape: { dim: [{ dimParam: 'N' }, ...[1, height, width].map((dimValue) => ({ dimValue }))] },
      },
    },
  }));
  graph.node = nodes;
  graph.input = [...given, ...asked];
  graph.initializer = (graph.initializer ?? []).filter(({ name }) => read.has(name!));
  return { model: ModelProto.encode(decoded).finish(), inputs };
}
