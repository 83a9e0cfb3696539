/** TensorFlow's operators as the `model.json` of a TensorFlow.js graph model lists them: a GraphDef in JSON. */
import { z } from 'zod';
import { UserError } from '../../core/errors.js';

/** 64-bit integers stand as text. */
const whole = z.union([z.string(), z.number()]).transform(Number);
const text = z.string().transform((base64) => Buffer.from(base64, 'base64').toString('latin1'));

const attributeSchema = z.looseObject({
  s: text.optional(),
  i: whole.optional(),
  f: z.number().optional(),
  b: z.boolean().optional(),
  shape: z.looseObject({ dim: z.array(z.looseObject({ size: whole })).optional() }).optional(),
  list: z
    .looseObject({
      i: z.array(whole).optional(),
      s: z.array(text).optional(),
      f: z.array(z.number()).optional(),
    })
    .optional(),
});
type Attribute = z.infer<typeof attributeSchema>;

const nodeSchema = z.looseObject({
  name: z.string().min(1),
  op: z.string().min(1),
  input: z.array(z.string()).default([]),
  attr: z.record(z.string(), attributeSchema).default({}),
});
const graphSchema = z.looseObject({ node: z.array(nodeSchema).min(1).max(100_000) });

/** One operator; inputs without control edges, each as node and output. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** `node:0` and `node` are the first output; later outputs keep their number. */
export const tensorName = (input: string): string => input.replace(/:0$/, '');

/** The node that `input` is an output of. */
const nodeOf = (input: string): string => input.replace(/^\^/, '').replace(/:\d+$/, '');

/**
 * Throws `UserError` where operators have one name, read what is not there, or read each other in a circle: TensorFlow.js
 * says of the first two that something is undefined, and takes what a circle reads for an output.
 */
function checkNodes(nodes: readonly z.infer<typeof nodeSchema>[], file: string): void {
  const stop = (problem: string): never => {
    throw new UserError(problem, {
      file,
      remedy: 'check that the file is whole, or convert the model again',
    });
  };
  const known = new Set(nodes.map(({ name }) => name));
  if (known.size < nodes.length) {
    const twice = nodes.find(({ name }, i) => nodes.findIndex((node) => node.name === name) < i)!;
    stop(`has two operators called ${twice.name}`);
  }
  for (const { name, op, input } of nodes) {
    const stray = input.find((one) => !known.has(nodeOf(one)));
    if (stray !== undefined) stop(`${name} (${op}) reads ${nodeOf(stray)}, which nothing makes`);
  }
  // What reads only what is made can be made; what is left in the end reads itself.
  const open = new Map(nodes.map(({ name, input }) => [name, input.length]));
  const readers = new Map<string, string[]>(nodes.map(({ name }) => [name, []]));
  for (const { name, input } of nodes) for (const one of input) readers.get(nodeOf(one))!.push(name);
  const ready = [...open].flatMap(([name, count]) => (count === 0 ? [name] : []));
  for (let made = ready.pop(); made !== undefined; made = ready.pop()) {
    open.delete(made);
    for (const reader of readers.get(made)!) {
      const left = open.get(reader)! - 1;
      open.set(reader, left);
      if (left === 0) ready.push(reader);
    }
  }
  const circle = [...open.keys()];
  if (circle.length > 0) stop(`its operators ${circle.slice(0, 8).join(', ')} read each other in a cycle`);
}

/** The operators of `topology`. Throws `UserError` naming `file`. */
export function graphNodes(topology: unknown, file: string): readonly GraphNode[] {
  const parsed = graphSchema.safeParse(topology);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new UserError(message, {
      file,
      field: ['modelTopology', ...path].join('.'),
      remedy: 'convert the model again (tensorflowjs_converter --output_format tfjs_graph_model)',
    });
  }
  checkNodes(parsed.data.node, file);
  return parsed.data.node.map(({ name, op, input, attr }) => ({
    name,
    op,
    inputs: input.filter((one) => !one.startsWith('^')).map(tensorName),
    attributes: new Map(Object.entries(attr)),
  }));
}

/** The whole numbers of attribute `name`. */
export const intsOf = (node: GraphNode, name: string): readonly number[] =>
  node.attributes.get(name)?.list?.i ?? [];
export const textOf = (node: GraphNode, name: string, otherwise = ''): string =>
  node.attributes.get(name)?.s ?? otherwise;
export const flagOf = (node: GraphNode, name: string): boolean => node.attributes.get(name)?.b ?? false;
