/** What every emitted model says of itself in `metadata_props`, and how it is read back. */
import { formatToString, lsb } from '../../fixed/format.js';
import { findNode, inputNode, type FixedGraph, type FloatGraph } from '../../ir/graph.js';

export interface EmitOptions {
  /** Version of vetoc, for `producer_version`. */
  readonly producerVersion?: string;
  /** SHA-256 of the recipe that made the network. */
  readonly recipeHash?: string;
  /** Also put out the tensor of every node: `<id>.tensor`, `[N, height, width, channels]`. */
  readonly intermediates?: boolean;
}

/** Suffix of the outputs that `intermediates` adds. */
export const TENSOR_SUFFIX = '.tensor';

/** Of a fixed model: JSON of `{node: [value, rank]}`, the value that holds each node's tensor. */
export const TENSORS_KEY = 'vetoc.tensors';

/** The entry under `TENSORS_KEY`. */
export const tensorPlaces = (
  tensors: ReadonlyMap<string, { readonly name: string; readonly rank: number }>,
): Record<string, string> => ({
  [TENSORS_KEY]: JSON.stringify(
    Object.fromEntries([...tensors].map(([id, { name, rank }]) => [id, [name, rank]])),
  ),
});

/** Keys in a fixed order, so that the bytes are deterministic. */
export function metadataOf(
  dialect: string,
  graph: FixedGraph | FloatGraph,
  options: EmitOptions,
): Record<string, string> {
  const [height, width] = inputNode(graph).size;
  const output = findNode<FixedGraph | FloatGraph>(graph, graph.output);
  return {
    'vetoc.dialect': dialect,
    'vetoc.network': graph.name,
    'vetoc.classes': JSON.stringify(graph.classNames),
    'vetoc.hit_classes': JSON.stringify(graph.hitClasses),
    'vetoc.threshold': String(graph.threshold),
    'vetoc.input': JSON.stringify({ type: 'uint16', layout: 'NHW', height, width }),
    ...('format' in output
      ? {
          'vetoc.output_format': formatToString(output.format),
          'vetoc.output_lsb': String(lsb(output.format)),
        }
      : {}),
    ...(options.recipeHash === undefined ? {} : { 'vetoc.recipe_sha256': options.recipeHash }),
  };
}
