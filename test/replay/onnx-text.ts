/** An ONNX model as text: a line for every node, tensor and fact. The first line is the hash of its bytes. */
import { ModelProto, type Attribute, type Graph } from './compiler.js';
import { sha256 } from './plain.js';

const base64 = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');

function attributeText(attribute: Attribute): string {
  const { name, type, s, ...fields } = attribute;
  const set = Object.entries(fields).flatMap(([key, value]) => {
    if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return [];
    return [`${key}:${JSON.stringify(value)}`];
  });
  const text = s === null || s === undefined ? [] : [`s:${JSON.stringify(Buffer.from(s).toString('utf8'))}`];
  return `${name ?? ''}=${type ?? ''}{${[...set, ...text].join(' ')}}`;
}

function graphLines(graph: Graph): string[] {
  const values = (kind: string, of: Graph['input']): string[] =>
    (of ?? []).map((v) => `${kind} ${v.name ?? ''} ${JSON.stringify(v.type)}`);
  return [
    `graph ${graph.name ?? ''}`,
    ...values('input', graph.input),
    ...values('output', graph.output),
    ...(graph.node ?? []).map(
      (n) =>
        `${(n.output ?? []).join(', ')} = ${n.domain ?? ''}:${n.opType ?? ''}(${(n.input ?? []).join(', ')}) ${(n.attribute ?? []).map(attributeText).join(' ')} # ${n.name ?? ''}`,
    ),
    ...(graph.initializer ?? []).map(({ name, dataType, dims, rawData, ...fields }) => {
      const other = Object.entries(fields).filter(([, v]) => Array.isArray(v) && v.length > 0);
      return `tensor ${name ?? ''} ${dataType ?? ''}[${(dims ?? []).join(',')}] ${base64(rawData)}${other.length > 0 ? JSON.stringify(other) : ''}`;
    }),
  ];
}

export function onnxText(bytes: Uint8Array): string {
  const { graph, metadataProps, opsetImport, ...facts } = ModelProto.decode(bytes);
  const head = Object.entries(facts).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return [
    `sha256 ${sha256(bytes)}`,
    ...head.sort(),
    ...opsetImport.map((o) => `opset ${o.domain ?? ''} ${String(o.version)}`),
    ...metadataProps.map((p) => `fact ${p.key ?? ''} = ${p.value ?? ''}`),
    ...graphLines(graph ?? {}),
    '',
  ].join('\n');
}
