/**
 * Graphs as files: a JSON header with a `.bin` of all tensors, and a readable text form. Both carry a version
 * and parse back to the same graph, bit for bit; both refuse what the op schemas or the verifier refuse.
 *
 * In either form a typed array is a reference: in JSON `{"$tensor": k}` into the table of tensors, in text `@k`.
 */
import { z } from 'zod';
import { UserError, InvariantError } from '../core/errors.js';
import { fixedGraphSchema, floatGraphSchema, type FixedGraph, type FloatGraph } from './graph.js';
import { verifyFixedGraph, verifyFloatGraph } from './verify.js';
import { parseJson } from '../core/json.js';

/** Raised whenever the meaning of a stored graph changes. */
export const GRAPH_VERSION = 1;

const ARRAY_TYPES = { i32: Int32Array, u8: Uint8Array, f32: Float32Array, f64: Float64Array } as const;
type ArrayName = keyof typeof ARRAY_TYPES;
type Stored = Int32Array | Uint8Array | Float32Array | Float64Array;

const arrayName = (a: Stored): ArrayName =>
  a instanceof Int32Array
    ? 'i32'
    : a instanceof Uint8Array
      ? 'u8'
      : a instanceof Float32Array
        ? 'f32'
        : 'f64';
const isStored = (v: unknown): v is Stored => ArrayBuffer.isView(v) && !(v instanceof DataView);

export interface GraphFiles {
  readonly json: string;
  readonly bin: Uint8Array;
}

export type GraphKind = 'fixed' | 'float';
type GraphOf<K extends GraphKind> = K extends 'fixed' ? FixedGraph : FloatGraph;

/** Replaces typed arrays below `value` by what `replace` makes of them. */
function mapArrays(value: unknown, replace: (array: Stored) => unknown): unknown {
  if (isStored(value)) return replace(value);
  if (Array.isArray(value)) return value.map((v) => mapArrays(v, replace));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mapArrays(v, replace)]));
  return value;
}

const headerSchema = z.strictObject({
  vetoc: z.enum(['fixed', 'float']),
  version: z.int(),
  tensors: z.array(
    z.strictObject({
      type: z.enum(['i32', 'u8', 'f32', 'f64']),
      offset: z.int().min(0),
      length: z.int().min(0),
    }),
  ),
  graph: z.unknown(),
});

function validate<K extends GraphKind>(kind: K, plain: unknown, file: string): GraphOf<K> {
  const parsed = (kind === 'fixed' ? fixedGraphSchema : floatGraphSchema).safeParse(plain);
  if (!parsed.success) {
    const { message, path } = parsed.error.issues[0]!;
    throw new UserError(message, {
      file,
      field: path.join('.') || 'graph',
      remedy: 'write the graph again with vetoc',
    });
  }
  try {
    return (
      kind === 'fixed'
        ? verifyFixedGraph(parsed.data as FixedGraph)
        : verifyFloatGraph(parsed.data as FloatGraph)
    ) as GraphOf<K>;
  } catch (error) {
    if (!(error instanceof InvariantError)) throw error;
    throw new UserError(error.message, {
      file,
      remedy: 'the file was changed by hand or by another version; write it again with vetoc',
    });
  }
}

function checkVersion(version: number, file: string): void {
  if (version !== GRAPH_VERSION)
    throw new UserError(`graph version ${version}, this vetoc reads version ${GRAPH_VERSION}`, {
      file,
      field: 'version',
      remedy: 'write the graph again with this vetoc',
    });
}

/** The graph as a JSON header and the bytes of its tensors (little endian, 8-byte aligned). */
export function serializeGraph(kind: GraphKind, graph: FixedGraph | FloatGraph): GraphFiles {
  const tensors: { type: ArrayName; offset: number; length: number }[] = [];
  const chunks: Stored[] = [];
  let offset = 0;
  const plain = mapArrays(graph, (array) => {
    tensors.push({ type: arrayName(array), offset, length: array.length });
    chunks.push(array);
    offset += Math.ceil(array.byteLength / 8) * 8;
    return { $tensor: tensors.length - 1 };
  });
  const bin = new Uint8Array(offset);
  chunks.forEach((array, k) => {
    bin.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), tensors[k]!.offset);
  });
  return {
    json: `${JSON.stringify({ vetoc: kind, version: GRAPH_VERSION, tensors, graph: plain }, null, 1)}\n`,
    bin,
  };
}

/** Inverse of `serializeGraph`. `file` names the JSON file in errors (`UserError`). */
export function parseGraph<K extends GraphKind>(kind: K, files: GraphFiles, file: string): GraphOf<K> {
  const raw = parseJson(files.json, file, 'the file is damaged; write it again with vetoc');
  const header = headerSchema.safeParse(raw);
  if (!header.success || header.data.vetoc !== kind)
    throw new UserError(`not a ${kind} graph of vetoc`, { file, remedy: `name the ${kind}.json of a run` });
  checkVersion(header.data.version, file);
  const arrays = header.data.tensors.map(({ type, offset, length }) => {
    const make = ARRAY_TYPES[type];
    const end = offset + length * make.BYTES_PER_ELEMENT;
    if (end > files.bin.length)
      throw new UserError(`tensor data end at byte ${end}, the .bin has ${files.bin.length}`, {
        file,
        remedy: 'the .bin is truncated; write the graph again',
      });
    // Not `slice` of `bin` itself: a Node Buffer's shares its memory.
    return new make(new Uint8Array(files.bin.subarray(offset, end)).buffer);
  });
  return validate(kind, restore(header.data.graph, arrays, file), file);
}

function restore(value: unknown, arrays: readonly Stored[], file: string): unknown {
  if (Array.isArray(value)) return value.map((v) => restore(v, arrays, file));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]![0] === '$tensor') {
    const array = arrays[Number(entries[0]![1])];
    if (array === undefined)
      throw new UserError(`no tensor ${String(entries[0]![1])}`, { file, remedy: 'write the graph again' });
    return array;
  }
  return Object.fromEntries(entries.map(([k, v]) => [k, restore(v, arrays, file)]));
}

// The text form: a header line, `key = value` lines, a line per node, then the tensors.

/** The readable form: one line a node, tensors as `@k` and listed at the end in base64. */
export function printGraph(kind: GraphKind, graph: FixedGraph | FloatGraph): string {
  const arrays: Stored[] = [];
  const text = (value: unknown): string =>
    JSON.stringify(mapArrays(value, (array) => `\u0000@${arrays.push(array) - 1}`)).replace(
      /"\\u0000(@\d+)"/g,
      '$1',
    );
  const { nodes, ...facts } = graph;
  const lines = [`vetoc ${kind} ${GRAPH_VERSION}`];
  for (const [key, value] of Object.entries(facts)) lines.push(`${key} = ${text(value)}`);
  for (const { id, kind: op, inputs, ...fields } of nodes)
    lines.push(
      `%${id} = ${op}(${inputs.map((i) => `%${i}`).join(', ')})${Object.entries(fields)
        .map(([k, v]) => ` ${k}=${text(v)}`)
        .join('')}`,
    );
  arrays.forEach((array, k) => {
    const bytes = Buffer.from(array.buffer, array.byteOffset, array.byteLength);
    lines.push(`@${k} = ${arrayName(array)}[${array.length}] ${bytes.toString('base64')}`);
  });
  return `${lines.join('\n')}\n`;
}

const NODE_LINE = /^%([a-z0-9_]+) = (\w+)\(([^)]*)\)(.*)$/;
const TENSOR_LINE = /^@(\d+) = (i32|u8|f32|f64)\[(\d+)\] ?([A-Za-z0-9+/=]*)$/;
const FACT_LINE = /^(\w+) = (.*)$/;

/** Inverse of `printGraph`; throws `UserError` naming the line. */
export function parseGraphText<K extends GraphKind>(kind: K, source: string, file: string): GraphOf<K> {
  const lines = source.split('\n');
  const header = /^vetoc (fixed|float) (\d+)$/.exec(lines[0] ?? '');
  if (header?.[1] !== kind) throw new UserError(`not the text of a ${kind} graph`, { file, field: 'line 1' });
  checkVersion(Number(header[2]), file);
  const arrays: Stored[] = [];
  for (const line of lines) {
    const match = TENSOR_LINE.exec(line);
    if (match === null) continue;
    const make = ARRAY_TYPES[match[2] as ArrayName];
    const bytes = Buffer.from(match[4]!, 'base64');
    if (bytes.length !== Number(match[3]) * make.BYTES_PER_ELEMENT)
      throw new UserError(`tensor @${match[1]!} has the wrong length`, { file });
    arrays[Number(match[1])] = new make(new Uint8Array(bytes).buffer);
  }
  const value = (text: string, line: number): unknown => {
    try {
      // A reference stands where JSON has a value, never inside a string: names cannot follow `:`, `[` or `,` unquoted.
      const quoted = text.replace(/"(?:[^"\\]|\\.)*"|@(\d+)/g, (m, k: string | undefined) =>
        k === undefined ? m : `{"$tensor":${k}}`,
      );
      return restore(JSON.parse(quoted), arrays, file);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`cannot read ${text.slice(0, 40)}`, { file, field: `line ${line}` });
    }
  };
  const graph: Record<string, unknown> = {};
  const nodes: unknown[] = [];
  lines.slice(1).forEach((line, i) => {
    const number = i + 2;
    if (line === '' || TENSOR_LINE.test(line)) return;
    const node = NODE_LINE.exec(line);
    if (node !== null) {
      const inputs = node[3] === '' ? [] : node[3]!.split(', ').map((s) => s.slice(1));
      const fields = splitFields(node[4]!, file, number).map(([k, v]) => [k, value(v, number)] as const);
      nodes.push({ id: node[1], kind: node[2], inputs, ...Object.fromEntries(fields) });
      return;
    }
    const fact = FACT_LINE.exec(line);
    if (fact === null)
      throw new UserError('neither a node, a tensor nor a fact', { file, field: `line ${number}` });
    graph[fact[1]!] = value(fact[2]!, number);
  });
  return validate(kind, { ...graph, nodes }, file);
}

/** ` a=1 b={"c": 2}` as pairs. A space before a name and `=` starts a field: no field of a node holds free text. */
function splitFields(text: string, file: string, line: number): readonly (readonly [string, string])[] {
  const [before, ...fields] = text.split(/ (?=\w+=)/);
  const stray = before!.trim();
  if (stray !== '')
    throw new UserError(`${stray} is not a field with a value`, { file, field: `line ${line}` });
  return fields.map((field) => {
    const equals = field.indexOf('=');
    return [field.slice(0, equals), field.slice(equals + 1)];
  });
}
