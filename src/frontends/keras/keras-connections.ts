/**
 * Which layer of a Keras description reads which, looked at before TensorFlow.js does: it loops for ever on a name, a call or
 * a circle that it cannot follow.
 */
import { UserError } from '../../core/errors.js';
import { isModelClass, isObject, layersOf, type Json, type LayerJson } from './keras-description.js';

/** One output of one call of a layer. */
interface Tensor {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

const tensorOf = ([layer, call, output]: readonly unknown[]): Tensor => ({
  layer: String(layer),
  call: Number(call ?? 0),
  output: Number(output ?? 0),
});

/** `[layer, node, tensor]` of every tensor that `value` (Keras 3's arguments of a call) names. */
export function histories(value: unknown): readonly (readonly unknown[])[] {
  if (Array.isArray(value)) return value.flatMap(histories);
  if (!isObject(value)) return [];
  const config = value['config'];
  const history = isObject(config) ? config['keras_history'] : undefined;
  return Array.isArray(history) ? [history as readonly unknown[]] : Object.values(value).flatMap(histories);
}

/** What the calls of a layer read, of Keras 2 (`[[[name, node, tensor, {}], …], …]`) and 3; an input reads nothing, once. */
function callsOf({ className, json }: LayerJson, isSequential: boolean): readonly (readonly Tensor[])[] {
  const nodes = json['inbound_nodes'];
  if (isSequential || className === 'InputLayer') return [[]];
  if (!Array.isArray(nodes)) return [];
  return nodes.map((call: unknown) => {
    if (isObject(call)) return histories([call['args'], call['kwargs']]).map(tensorOf);
    return Array.isArray(call) ? call.filter(Array.isArray).map(tensorOf) : [];
  });
}

/** The tensors that a model names as its inputs or outputs: one, or a list of them. */
function namedTensors(model: Json, field: string): readonly Tensor[] {
  const config = model['config'];
  const stated = isObject(config) ? config[field] : undefined;
  if (!Array.isArray(stated)) return [];
  const isOne = typeof stated[0] === 'string';
  return (isOne ? [stated as readonly unknown[]] : stated.filter(Array.isArray)).map(tensorOf);
}

/** What is wrong with reading `tensor`, which stands among `layers`; null where nothing is. */
function strayText(
  { layer, call, output }: Tensor,
  layers: ReadonlyMap<string, LayerJson>,
  calls: ReadonlyMap<string, readonly unknown[]>,
): string | null {
  const read = layers.get(layer);
  if (read === undefined) return `${layer}, and there is no such layer`;
  const isModel = isModelClass(read.className);
  // A model inside was called once before, when it was made.
  const count = calls.get(layer)!.length + (isModel ? 1 : 0);
  if (!(call >= 0 && call < count)) return `call ${call} of ${layer}, and there are ${count}, counted from 0`;
  if (!isModel && output !== 0) return `output ${output} of ${layer}, which has one`;
  return null;
}

/** Throws `UserError` where layers have one name, read what is not there, or read each other in a circle. */
export function checkConnections(model: Json, file: string): void {
  const all = layersOf(model);
  const isSequential = model['class_name'] === 'Sequential';
  const remedy = 'check that the file is whole, or save the model again';
  const layers = new Map(all.map((layer) => [layer.name, layer] as const));
  if (layers.size !== all.length) throw new UserError('has two layers of one name', { file, remedy });
  const calls = new Map(all.map((layer) => [layer.name, callsOf(layer, isSequential)] as const));
  const readers = [
    ...all.map(({ name }) => [`layer ${name}`, calls.get(name)!.flat()] as const),
    ['its input', namedTensors(model, 'input_layers')] as const,
    ['its output', namedTensors(model, 'output_layers')] as const,
  ];
  for (const [reader, tensors] of readers)
    for (const tensor of tensors) {
      const stray = strayText(tensor, layers, calls);
      if (stray !== null) throw new UserError(`${reader} reads ${stray}`, { file, remedy });
    }
  // What reads only what is known is known: what is left in the end reads itself.
  const known = new Set<string>();
  const isKnown = ({ layer, call }: Tensor): boolean =>
    known.has(`${Math.min(call, calls.get(layer)!.length - 1)} ${layer}`);
  for (let before = -1; before !== known.size;) {
    before = known.size;
    for (const [name, own] of calls)
      own.forEach((tensors, k) => {
        if (tensors.every(isKnown)) known.add(`${k} ${name}`);
      });
  }
  const circle = [...calls].filter(([name, own]) => own.some((_, k) => !known.has(`${k} ${name}`)));
  if (circle.length > 0) {
    const names = circle.slice(0, 8).map(([name]) => name);
    throw new UserError(`its layers ${names.join(', ')} read each other in a cycle`, { file, remedy });
  }
  for (const { className, json } of all) if (isModelClass(className)) checkConnections(json, file);
}
