/** What every emitted model says of itself in `metadata_props`, and how it is read back. */
import { formatToString, lsb } from '../../fixed/format.js';
import { z } from 'zod';
import type { DialectOptions } from '../backend.js';
import { findNode, inputNode, type FixedGraph, type FloatGraph } from '../../ir/graph.js';
import { MAPS_SUFFIX } from './tensor.js';
import { floatNodeSchema, isPreprocess, type PreprocessNode } from '../../ir/ops/index.js';

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

/** What a model of raw words takes beside them, in the order of its inputs. */
function mapsFacts(graph: FixedGraph | FloatGraph): Record<string, string> {
  const maps = graph.nodes.flatMap((node) =>
    node.kind === 'maps'
      ? [{ input: `${node.id}${MAPS_SUFFIX}`, channels: node.channels, format: formatToString(node.format) }]
      : [],
  );
  return maps.length === 0 ? {} : { 'vetoc.maps': JSON.stringify(maps) };
}

/** Keys in a fixed order, so that the bytes are deterministic. */
export function metadataOf(
  dialect: string,
  graph: FixedGraph | FloatGraph,
  options: DialectOptions,
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
    ...mapsFacts(graph),
    ...('format' in output
      ? {
          'vetoc.output_format': formatToString(output.format),
          'vetoc.output_lsb': String(lsb(output.format)),
        }
      : {}),
    ...(options.recipeHash === undefined ? {} : { 'vetoc.recipe_sha256': options.recipeHash }),
  };
}

/** Of a float model: its preprocessing nodes as JSON, without the arrays, which stand in initializers. */
export const PREPROCESS_KEY = 'vetoc.preprocess';

/** Keys sorted: the same nodes give the same text, however they came about. */
export const preprocessToJson = (nodes: readonly PreprocessNode[]): string =>
  JSON.stringify(nodes, (key, value: unknown) => {
    if (key === 'live' || key === 'table') return undefined;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });

/** Inverse of `preprocessToJson`; `initializer` gives an array by its name. Throws what zod throws. */
export function preprocessFromJson(
  json: string,
  initializer: (name: string) => ArrayLike<number>,
): readonly PreprocessNode[] {
  const withArrays = z
    .looseObject({ id: z.string(), kind: z.string() })
    .transform((node) => {
      if (node.kind === 'mask') return { ...node, live: Uint8Array.from(initializer(`${node.id}.live`)) };
      if (node.kind === 'lut') return { ...node, table: Int32Array.from(initializer(`${node.id}.table`)) };
      return node;
    })
    .pipe(floatNodeSchema);
  return z.array(withArrays).min(1).parse(JSON.parse(json)).filter(isPreprocess);
}
