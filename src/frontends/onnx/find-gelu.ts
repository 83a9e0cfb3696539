/**
 * GELU as exporters before opset 20 write it, `x/2 · (1 + erf(x/√2))`, or with `tanh(√(2/π) · (x + 0.044715 x³))` for the
 * error function: found among the operators of a file by what they multiply, and put back as the operator `Gelu`.
 */
import type { OnnxModel, OnnxNode } from './model.js';
import { constantOf, TensorProblem, type ExternalReader } from './tensor-data.js';

const HALF = 0.5;
const CUBE = 0.044715;

/** To float32 and a little, as exporters round constants. */
const isNear = (a: number | null, b: number): boolean => a !== null && Math.abs(a - b) <= 2e-6 * Math.abs(b);

class Finder {
  private readonly makers: ReadonlyMap<string, OnnxNode>;
  private readonly readers = new Map<string, OnnxNode[]>();

  constructor(
    nodes: readonly OnnxNode[],
    private readonly model: OnnxModel,
    private readonly external: ExternalReader,
  ) {
    this.makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
    for (const node of nodes)
      for (const name of node.inputs) this.readers.set(name, [...(this.readers.get(name) ?? []), node]);
  }

  /** The node that alone reads `name`, if it is a `type`. */
  private reader(name: string): OnnxNode | null {
    const [only, ...others] = this.readers.get(name) ?? [];
    const isOutput = this.model.outputs.some((output) => output.name === name);
    return only === undefined || others.length > 0 || isOutput ? null : only;
  }

  /** The one number that `name` is; null where it is no constant. */
  private scalar(name: string): number | null {
    const maker = this.makers.get(name);
    const given = maker?.type === 'Constant' ? maker.attributes : null;
    const alone = given?.get('value_float');
    if (alone !== undefined) return alone.float;
    const tensor = given === null ? this.model.initializers.get(name) : given.get('value')?.tensor;
    if (tensor === undefined || tensor === null) return null;
    try {
      const { data } = constantOf(tensor, this.external);
      return data.length === 1 ? data[0]! : null;
    } catch (error) {
      if (error instanceof TensorProblem) return null;
      throw error;
    }
  }

  /** What `name` is `factor` times of: `x · factor` or `x / (1/factor)`; null where it is not. */
  private unscaled(name: string, factor: number): string | null {
    const maker = this.makers.get(name);
    const [a = '', b = ''] = maker?.inputs ?? [];
    if (maker?.type === 'Div') return isNear(this.scalar(b), 1 / factor) ? a : null;
    if (maker?.type !== 'Mul') return null;
    return isNear(this.scalar(b), factor) ? a : isNear(this.scalar(a), factor) ? b : null;
  }

  private isCube(name: string, x: string): boolean {
    const maker = this.makers.get(name);
    const [a = '', b = ''] = maker?.inputs ?? [];
    if (maker?.type === 'Pow') return a === x && this.scalar(b) === 3;
    if (maker?.type !== 'Mul') return false;
    const isSquare = (other: string): boolean => {
      const node = this.makers.get(other);
      const isPower = node?.type === 'Pow' && node.inputs[0] === x && this.scalar(node.inputs[1] ?? '') === 2;
      return isPower || (node?.type === 'Mul' && node.inputs.every((input) => input === x));
    };
    return (a === x && isSquare(b)) || (b === x && isSquare(a));
  }

  /** The x of `√(2/π) · (x + 0.044715 x³)`; null where `name` is something else. */
  private bentInput(name: string): string | null {
    const bent = this.unscaled(name, Math.sqrt(2 / Math.PI));
    const sum = bent === null ? undefined : this.makers.get(bent);
    if (sum?.type !== 'Add') return null;
    const [a = '', b = ''] = sum.inputs;
    const isBend = (other: string, x: string): boolean => {
      const cube = this.unscaled(other, CUBE);
      return cube !== null && this.isCube(cube, x);
    };
    return isBend(b, a) ? a : isBend(a, b) ? b : null;
  }

  /** The node that reads `name` and adds 1 to it. */
  private plusOne(name: string): OnnxNode | null {
    const sum = this.reader(name);
    if (sum?.type !== 'Add') return null;
    const other = sum.inputs.find((input) => input !== name);
    return other !== undefined && this.scalar(other) === 1 ? sum : null;
  }

  /** The nodes from `share` to the one that has multiplied it by x and a half; null where none does. */
  private productOf(share: OnnxNode, x: string): readonly OnnxNode[] | null {
    const chain: OnnxNode[] = [];
    let [hasX, hasHalf] = [false, false];
    for (let name = share.outputs[0]!; !(hasX && hasHalf);) {
      const next = this.reader(name);
      if (next === null || chain.length > 2) return null;
      const other = next.inputs.find((input) => input !== name) ?? '';
      const number = this.scalar(other);
      const isHalf = next.type === 'Mul' ? number === HALF : next.type === 'Div' && number === 1 / HALF;
      const isScaled = next.type === 'Mul' && this.unscaled(other, HALF) === x;
      const isX = next.type === 'Mul' && other === x;
      if (!isHalf && !isScaled && !isX) return null;
      hasX ||= isX || isScaled;
      hasHalf ||= isHalf || isScaled;
      chain.push(next);
      name = next.outputs[0]!;
    }
    return chain;
  }

  /** The nodes that `gate`, an error function or tanh, makes a GELU with, the last of them first; null where it makes none. */
  find(gate: OnnxNode): { readonly x: string; readonly nodes: readonly OnnxNode[] } | null {
    const input = gate.inputs[0] ?? '';
    const x = gate.type === 'Erf' ? this.unscaled(input, Math.SQRT1_2) : this.bentInput(input);
    const share = this.plusOne(gate.outputs[0] ?? '');
    if (x === null || share === null) return null;
    const chain = this.productOf(share, x);
    return chain === null ? null : { x, nodes: [...chain.toReversed(), share, gate] };
  }
}

const APPROXIMATE = {
  name: 'approximate',
  float: 0,
  int: 0,
  text: 'tanh',
  ints: [],
  floats: [],
  tensor: null,
  hasSubgraph: false,
} as const;

/** `nodes` with one `Gelu` where several operators make one. What fed them alone is left, and read by nobody. */
export function withGelu(
  nodes: readonly OnnxNode[],
  model: OnnxModel,
  external: ExternalReader,
): readonly OnnxNode[] {
  const gates = nodes.filter(({ type, domain }) => domain === '' && (type === 'Erf' || type === 'Tanh'));
  if (gates.length === 0) return nodes;
  const finder = new Finder(nodes, model, external);
  const changed = new Map<OnnxNode, OnnxNode | null>();
  for (const gate of gates) {
    const found = finder.find(gate);
    if (found === null) continue;
    const [last, ...others] = found.nodes;
    const attributes = new Map(gate.type === 'Erf' ? [] : [[APPROXIMATE.name, APPROXIMATE] as const]);
    changed.set(last!, { ...last!, type: 'Gelu', inputs: [found.x], attributes });
    for (const other of others) changed.set(other, null);
  }
  return nodes.flatMap((node) => {
    const now = changed.get(node);
    return now === undefined ? [node] : now === null ? [] : [now];
  });
}
