/**
 * The operator `Quant` of QONNX in operators of ONNX, so that ONNX Runtime runs what Brevitas exports:
 * `(clip(round(x / scale + zero)) - zero) * scale`, halves to even.
 */
import { UserError } from '../core/errors.js';
import { ATTRIBUTE_TYPE, DATA_TYPE, ModelProto, type Graph, type Node } from '../onnx-file/proto.js';

const DOMAINS: ReadonlySet<string> = new Set(['qonnx.custom_op.general', 'onnx.brevitas']);
const TYPES: ReadonlySet<string> = new Set(['Quant', 'IntQuant']);
const isQuant = ({ domain, opType }: Node): boolean => DOMAINS.has(domain ?? '') && TYPES.has(opType ?? '');

/** The first value of a constant: of an initializer or of a `Constant`. */
function valueOf(graph: Graph, name: string): number {
  const stated = graph.node?.find((node) => node.opType === 'Constant' && node.output?.[0] === name);
  const tensor =
    graph.initializer?.find((one) => one.name === name) ??
    stated?.attribute?.find((attribute) => attribute.name === 'value')?.t;
  const raw = tensor?.rawData;
  if (raw !== undefined && raw !== null && raw.length >= 4)
    return new DataView(raw.buffer, raw.byteOffset, raw.length).getFloat32(0, true);
  const listed = tensor?.floatData?.[0];
  if (typeof listed === 'number') return listed;
  throw new UserError(`a Quant whose width ${name} is no constant`, {
    remedy: 'export the network with fixed widths',
  });
}

const attributeOf = ({ attribute }: Node, name: string): number | undefined => {
  const value = attribute?.find((one) => one.name === name)?.i;
  return value === undefined || value === null ? undefined : Number(value);
};

/** The nodes in the place of one `Quant`. */
function functionOf(graph: Graph, quant: Node, k: number): readonly Node[] {
  const [x, scale, zero, width] = quant.input as [string, string, string, string];
  const bits = valueOf(graph, width);
  const signed = (attributeOf(quant, 'signed') ?? 1) !== 0;
  const narrow = (attributeOf(quant, 'narrow') ?? 0) !== 0 ? 1 : 0;
  const most = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1 - narrow;
  const least = signed ? -(2 ** (bits - 1)) + narrow : 0;
  const name = (part: string): string => `vetoc.quant${k}.${part}`;
  const node = (opType: string, inputs: string[], output: string): Node => ({
    opType,
    input: inputs,
    output: [output],
  });
  const constant = (part: string, value: number): Node => ({
    opType: 'Constant',
    output: [name(part)],
    attribute: [
      {
        name: 'value',
        type: ATTRIBUTE_TYPE.tensor,
        t: { dataType: DATA_TYPE.float, dims: [], floatData: [value] },
      },
    ],
  });
  return [
    constant('least', least),
    constant('most', most),
    node('Div', [x, scale], name('scaled')),
    node('Add', [name('scaled'), zero], name('shifted')),
    node('Round', [name('shifted')], name('rounded')),
    node('Clip', [name('rounded'), name('least'), name('most')], name('clipped')),
    node('Sub', [name('clipped'), zero], name('centred')),
    node('Mul', [name('centred'), scale], quant.output![0]!),
  ];
}

/** The model in `bytes` without `Quant`; null where it has none. */
export function withoutQuant(bytes: Uint8Array): Uint8Array | null {
  // Most files have none: they are not decoded twice.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (![...DOMAINS].some((domain) => text.includes(domain))) return null;
  const model = ModelProto.decode(bytes);
  const graph = model.graph as Graph | null | undefined;
  if (!graph?.node?.some(isQuant)) return null;
  graph.node = graph.node.flatMap((node, k) => (isQuant(node) ? [...functionOf(graph, node, k)] : [node]));
  return ModelProto.encode(model).finish();
}
