/**
 * The quantizers of QONNX in operators of ONNX, so that ONNX Runtime runs what Brevitas exports:
 * `Quant` is `(clip(round(x / scale + zero)) - zero) * scale`, `Trunc` the same behind a first rounding to its input's
 * steps, `BipolarQuant` the sign times a scale, that of 0 being positive.
 *
 * Source: qonnx, `custom_op/general` (`intquant.py`, `trunc.py`, `bipolar_quant.py`).
 */
import { UserError } from '../../core/errors.js';
import { ATTRIBUTE_TYPE, DATA_TYPE, ModelProto, type Graph, type Node } from '../../onnx-file/proto.js';

const DOMAINS: ReadonlySet<string> = new Set(['qonnx.custom_op.general', 'onnx.brevitas']);

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
function textOf({ attribute }: Node, name: string, otherwise: string): string {
  const bytes = attribute?.find((one) => one.name === name)?.s;
  return bytes === undefined || bytes === null
    ? otherwise
    : Buffer.from(bytes).toString('latin1').toUpperCase();
}

/** Nodes in the place of one, with names of their own. */
interface Parts {
  readonly nodes: Node[];
  /** Appends a node and returns its output: a name of its own unless one is given. */
  add(opType: string, inputs: readonly string[], output?: string): string;
  constant(value: number): string;
}

function partsFor(k: number): Parts {
  const nodes: Node[] = [];
  const fresh = (): string => `vetoc.quant${k}.${nodes.length}`;
  return {
    nodes,
    add(opType, inputs, output = fresh()) {
      nodes.push({ opType, input: [...inputs], output: [output] });
      return output;
    },
    constant(value) {
      const output = fresh();
      const t = { dataType: DATA_TYPE.float, dims: [], floatData: [value] };
      const attribute = [{ name: 'value', type: ATTRIBUTE_TYPE.tensor, t }];
      nodes.push({ opType: 'Constant', output: [output], attribute });
      return output;
    },
  };
}

/** `x` as whole numbers by one of QONNX's modes. */
function rounded(parts: Parts, x: string, mode: string): string {
  const { add, constant } = parts;
  /** The sign of `x` times what `make` gives of its magnitude. */
  const bySign = (make: (size: string) => string): string =>
    add('Mul', [add('Sign', [x]), make(add('Abs', [x]))]);
  switch (mode) {
    case 'ROUND':
    case 'HALF_EVEN':
      return add('Round', [x]);
    case 'FLOOR':
      return add('Floor', [x]);
    case 'CEIL':
      return add('Ceil', [x]);
    case 'DOWN':
    case 'ROUND_TO_ZERO':
      return bySign((size) => add('Floor', [size]));
    case 'UP':
      return bySign((size) => add('Ceil', [size]));
    case 'HALF_UP':
      return bySign((size) => add('Floor', [add('Add', [size, constant(0.5)])]));
    case 'HALF_DOWN':
      return bySign((size) => add('Ceil', [add('Sub', [size, constant(0.5)])]));
    default:
      throw new UserError(`a Quant that rounds by ${mode}`, { remedy: 'export the network with ROUND' });
  }
}

/** Integers of `bits` that `node` has. */
function limitsOf(node: Node, bits: number): readonly [least: number, most: number] {
  const narrow = (attributeOf(node, 'narrow') ?? 0) !== 0 ? 1 : 0;
  return (attributeOf(node, 'signed') ?? 1) !== 0
    ? [-(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1]
    : [0, 2 ** bits - 1 - narrow];
}

type Function = (graph: Graph, node: Node, parts: Parts) => void;

const quant: Function = (graph, node, parts) => {
  const [x, scale, zero, width] = node.input as [string, string, string, string];
  const { add, constant } = parts;
  const [least, most] = limitsOf(node, valueOf(graph, width));
  const steps = add('Add', [add('Div', [x, scale]), zero]);
  const whole = rounded(parts, steps, textOf(node, 'rounding_mode', 'ROUND'));
  const clipped = add('Clip', [whole, constant(least), constant(most)]);
  add('Mul', [add('Sub', [clipped, zero]), scale], node.output![0]!);
};

const trunc: Function = (graph, node, parts) => {
  const [x, scale, zero, , scaleOut, width] = node.input as [string, string, string, string, string, string];
  const { add, constant } = parts;
  const [least, most] = limitsOf(node, valueOf(graph, width));
  const steps = add('Round', [add('Add', [add('Div', [x, scale]), zero])]);
  const coarse = add('Div', [steps, add('Div', [scaleOut, scale])]);
  const clipped = add('Clip', [coarse, constant(least), constant(most)]);
  add('Mul', [rounded(parts, clipped, textOf(node, 'rounding_mode', 'FLOOR')), scaleOut], node.output![0]!);
};

const bipolar: Function = (_graph, node, { add, constant }) => {
  const [x, scale] = node.input as [string, string];
  const isPositive = add('GreaterOrEqual', [x, constant(0)]);
  const sign = add('Where', [isPositive, constant(1), constant(-1)]);
  add('Mul', [sign, scale], node.output![0]!);
};

const FUNCTIONS: ReadonlyMap<string, Function> = new Map([
  ['BipolarQuant', bipolar],
  ['IntQuant', quant],
  ['Quant', quant],
  ['Trunc', trunc],
]);
const functionOf = ({ domain, opType }: Node): Function | undefined =>
  DOMAINS.has(domain ?? '') ? FUNCTIONS.get(opType ?? '') : undefined;

/** The types of QONNX's quantizers. */
export const QONNX_OPERATORS: readonly string[] = [...FUNCTIONS.keys()];

/** The model in `bytes` without QONNX's quantizers; null where it has none. */
export function withoutQuant(bytes: Uint8Array): Uint8Array | null {
  const model = ModelProto.decode(bytes);
  const graph = model.graph as Graph | null | undefined;
  if (!graph?.node?.some((node) => functionOf(node) !== undefined)) return null;
  graph.node = graph.node.flatMap((node, k) => {
    const make = functionOf(node);
    if (make === undefined) return [node];
    const parts = partsFor(k);
    make(graph, node, parts);
    return parts.nodes;
  });
  return ModelProto.encode(model).finish();
}
