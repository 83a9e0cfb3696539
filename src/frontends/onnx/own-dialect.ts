/**
 * Reading back a `float.onnx` that vetoc wrote. Preprocessing, classes and threshold stand in the metadata, tables and
 * masks in the initializers, the network in its operators. What was read is emitted again and has to give the same
 * operators: a file whose metadata do not tell the truth is refused.
 */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { UserError } from '../../core/errors.js';
import { nodeIdSchema, type NodeId, type Shape } from '../../ir/common.js';
import { floatGraphSchema, floatShapes, type FloatGraph } from '../../ir/graph.js';
import type { PreprocessNode } from '../../ir/ops/index.js';
import { verifyFloatGraph } from '../../ir/verify.js';
import { KEEP, LOGITS, SCORE } from '../../backends/onnx/decision.js';
import { emitFloatOnnx, emitPreprocess } from '../../backends/onnx/float.js';
import { PREPROCESS_KEY, preprocessFromJson } from '../../backends/onnx/metadata.js';
import { realValues } from '../../backends/onnx/preprocess.js';
import { createOnnxWriter } from '../../backends/onnx/writer.js';
import { readOnnxModel, type OnnxModel } from './model.js';
import { constantOf, type ExternalReader } from './tensor-data.js';
import { identifier, neededNodes, translateGraph } from './translate.js';
import { imageValue, type Value } from './values.js';
import { jsonOrUndefined } from '../../core/json.js';

const problem = (model: OnnxModel, why: string): UserError =>
  new UserError(why, { file: model.file, remedy: 'write it again with vetoc export onnx --dialect float' });

/** Parses one entry of the metadata. */
function entry<T>(model: OnnxModel, key: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(jsonOrUndefined(model.metadata.get(key) ?? ''));
  if (!parsed.success) throw problem(model, `its metadata ${key} cannot be read`);
  return parsed.data;
}

/** The preprocessing nodes: from the metadata, their arrays from the initializers. */
function preprocessing(model: OnnxModel, external: ExternalReader): readonly PreprocessNode[] {
  try {
    return preprocessFromJson(model.metadata.get(PREPROCESS_KEY) ?? '', (name) => {
      const tensor = model.initializers.get(name);
      if (tensor === undefined) throw problem(model, `${name} is missing`);
      return constantOf(tensor, external).data;
    });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw problem(model, `its metadata ${PREPROCESS_KEY} cannot be read`);
  }
}

/** The values that a network may read from `nodes`, by the names that the emitter gives them. */
function boundary(
  nodes: readonly PreprocessNode[],
  shapes: ReadonlyMap<NodeId, Shape>,
): ReadonlyMap<string, Value> {
  const writer = createOnnxWriter();
  const tensors = emitPreprocess(writer, nodes);
  return new Map(
    [...tensors].map(([id, tensor]) => [realValues(writer, tensor).name, imageValue(id, shapes.get(id)!)]),
  );
}

/** The operators behind the decision, and the weights they read: what two files have to share. */
function content(model: OnnxModel) {
  const nodes = neededNodes(model, [LOGITS, SCORE, KEEP]);
  const names = new Set(nodes.flatMap((node) => node.inputs));
  return { nodes, initializers: [...model.initializers].filter(([name]) => names.has(name)) };
}

/** `node` as vetoc calls it: the emitter names an operator after its node and what it computes. */
function nameOf([output = '']: readonly string[]): string {
  const name = output.replace(/\.[a-z]+$/, '');
  return nodeIdSchema.safeParse(name).success ? name : identifier(name);
}

export function importOwn(model: OnnxModel, external: ExternalReader): FloatGraph {
  const dialect = model.metadata.get('vetoc.dialect') ?? '';
  if (dialect !== 'float')
    throw problem(model, `is the dialect ${dialect}, which is quantized; only float.onnx can be imported`);
  const preprocess = preprocessing(model, external);
  const facts = {
    name: model.metadata.get('vetoc.network') ?? model.graphName,
    classNames: entry(model, 'vetoc.classes', z.array(z.string())),
    hitClasses: entry(model, 'vetoc.hit_classes', z.array(z.boolean())),
    threshold: entry(model, 'vetoc.threshold', z.number()),
  };
  const shapes = floatShapes({ ...facts, nodes: preprocess, output: preprocess.at(-1)!.id });
  const { nodes, value } = translateGraph(
    model,
    LOGITS,
    {
      nodes: preprocess,
      shapes,
      values: boundary(preprocess, shapes),
      batch: 1,
      isOwn: true,
      // The emitter changes ranks with Flatten, too; the graph's own flatten is called so.
      keepsFlatten: (node) => node.outputs[0]?.endsWith('.flat') === true,
      nameOf: (node) => nameOf(node.outputs),
    },
    external,
  );
  if (value?.kind !== 'activation') throw problem(model, 'its logits are not computed from the frame');
  const parsed = floatGraphSchema.safeParse({ ...facts, nodes, output: value.id });
  if (!parsed.success) throw problem(model, `its metadata make no graph: ${parsed.error.issues[0]!.message}`);
  const graph = verifyFloatGraph(parsed.data);
  const again = readOnnxModel(emitFloatOnnx(graph), model.file);
  if (!isDeepStrictEqual(content(again), content(model)))
    throw problem(model, 'it was changed since vetoc wrote it');
  return graph;
}
