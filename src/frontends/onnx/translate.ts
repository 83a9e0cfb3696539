/**
 * The operators of an ONNX graph, one after the other, as nodes of a float graph. Everything that cannot be taken is
 * collected, with the names that the file gives it.
 */
import { InvariantError, UnsupportedError, UserError, type UnsupportedReason } from '../../core/errors.js';
import { elements, nodeId, type NodeId, type Shape } from '../../ir/common.js';
import { mayBeNegative } from '../../ir/may-be-negative.js';
import { floatNodeSchema, floatShape, type FloatNode } from '../../ir/ops/index.js';
import type { Quantizer } from '../../ir/graph.js';
import { FOLDS } from './fold.js';
import type { OnnxModel, OnnxNode } from './model.js';
import { withGelu } from './find-gelu.js';
import { joinNodes } from './join-nodes.js';
import { Refusal, refuse } from './refusal.js';
import { FOREIGN_RULES, RULES } from './rules.js';
import { split } from './shape-rules.js';
import { strangeAttributes } from './attributes.js';
import {
  constantOf,
  TensorProblem,
  type Constant,
  type ExternalReader,
  type RawTensor,
} from './tensor-data.js';
import { UNKNOWN, type Op, type Target, type Value } from './values.js';

/** What the importer starts from: nodes, and which tensors of the file they are. */
export interface Start {
  readonly nodes: readonly FloatNode[];
  readonly shapes: ReadonlyMap<NodeId, Shape>;
  readonly values: ReadonlyMap<string, Value>;
  readonly batch: number;
  /** Whether vetoc wrote the file. */
  readonly isOwn: boolean;
  /** Whether an operator that flattens one pixel is a node: it moves nothing. */
  readonly keepsFlatten: (node: OnnxNode) => boolean;
  /** What the node for an operator is called, in the IR's alphabet. */
  readonly nameOf: (node: OnnxNode) => string;
}

/** The operators that `outputs` need beyond what is `given`, in the file's order. */
export function neededNodes(
  model: OnnxModel,
  outputs: readonly string[],
  given: ReadonlyMap<string, unknown> = new Map(),
): readonly OnnxNode[] {
  const producers = new Map(model.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const wanted = new Set(outputs);
  const needed = new Set<OnnxNode>();
  // A set grows while it is walked: names are followed back once each, cycles included.
  for (const name of wanted) {
    const node = producers.get(name);
    if (node === undefined || given.has(name)) continue;
    needed.add(node);
    node.inputs.forEach((input) => wanted.add(input));
  }
  return model.nodes.filter((node) => needed.has(node));
}

/** What the user reads an operator by. */
const titleOf = (node: OnnxNode): string => {
  const name = node.name === '' ? (node.outputs[0] ?? 'a node without a name') : node.name;
  const type = titleType(node);
  // Names come from the file: no control characters on the terminal, no pages of them.
  return `${name} (${type})`.replace(/\p{Cc}/gu, '?').slice(0, 200);
};

const titleType = ({ type, domain }: OnnxNode): string => (domain === '' ? type : `${domain}.${type}`);

/** What takes `node`, one value for each of its outputs; undefined where nothing does. */
function ruleOf(node: OnnxNode): ((op: Op, into: Target) => readonly Value[]) | undefined {
  if (titleType(node) === 'Split') return split;
  const rule = (node.domain === '' ? RULES : FOREIGN_RULES).get(titleType(node));
  return rule && ((op, into) => [rule(op, into)]);
}

/**
 * A name of the file in the IR's alphabet. PyTorch's paths repeat themselves: `/layer1/layer1.0/conv1/Conv` is called
 * `layer1_0_conv1`.
 */
export function identifier(text: string): string {
  const path = text.split('/').filter((part, i, all) => all[i + 1]?.startsWith(`${part}.`) !== true);
  const [operator, module] = [path.at(-1)!.toLowerCase(), path.at(-2)?.toLowerCase() ?? ''];
  const [, type, count = ''] = /^(.*?)(_\d+)?$/s.exec(operator)!;
  const named = module !== '' && module.startsWith(type!) ? [...path.slice(0, -1), count] : path;
  const plain = named
    .join('_')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return (/^[a-z]/.test(plain) ? plain : `n_${plain}`).slice(0, 56);
}

/** Bounds on what a small file may ask for. A network of a thousand layers and 1024×1024×64 tensors is inside them. */
const MOST_NODES = 10_000;
const MOST_ELEMENTS = 2 ** 27;
/** Values of all constants that the file computes from others. */
const MOST_FOLDED = 2 ** 27;

class Translation implements Target {
  readonly nodes: FloatNode[];
  readonly values: Map<string, Value>;
  readonly reasons: UnsupportedReason[] = [];
  private readonly shapes: Map<NodeId, Shape>;
  private readonly places = new Map<NodeId, number>();
  private readonly made = new Map<string, unknown>();
  readonly joining = new Set<NodeId>();
  readonly quantizers = new Map<NodeId, Quantizer>();
  private readonly opset: number;
  private folded = 0;

  constructor(
    private readonly model: OnnxModel,
    private readonly start: Start,
    private readonly external: ExternalReader,
    private readonly needed: readonly OnnxNode[],
  ) {
    this.nodes = [...start.nodes];
    this.nodes.forEach((node, i) => this.places.set(node.id, i));
    this.shapes = new Map(start.shapes);
    this.values = new Map(start.values);
    this.opset = model.opsets.get('')!;
  }

  get isOwn(): boolean {
    return this.start.isOwn;
  }
  get batch(): number {
    return this.start.batch;
  }
  keepsFlatten(op: Op): boolean {
    return this.start.keepsFlatten(op.node);
  }
  shape(id: NodeId): Shape {
    return this.shapes.get(id)!;
  }
  nodeOf(id: NodeId): FloatNode {
    return this.nodes[this.places.get(id)!]!;
  }
  mayBeNegative(id: NodeId): boolean {
    return mayBeNegative(this.nodes, id);
  }
  once<T>(key: string, make: () => T): T {
    if (!this.made.has(key)) this.made.set(key, make());
    return this.made.get(key) as T;
  }
  copy(op: Op, id: NodeId, input: NodeId): NodeId {
    const node = this.nodeOf(id);
    const made = this.add(op, (own) => ({ ...node, id: own, inputs: [input] }), 'image');
    if (this.joining.has(id)) this.joining.add(made);
    const quantizer = this.quantizers.get(id);
    if (quantizer !== undefined) this.quantizers.set(made, quantizer);
    return made;
  }
  joins(id: NodeId): void {
    this.joining.add(id);
  }
  quantized(id: NodeId, quantizer: Quantizer): void {
    this.quantizers.set(id, quantizer);
  }
  add(op: Op, make: (id: NodeId) => FloatNode, suffix?: string): NodeId {
    const own = this.start.nameOf(op.node);
    const wanted = suffix === undefined ? own : `${own}_${suffix}`;
    let id = nodeId(wanted);
    for (let k = 2; this.places.has(id); k++) id = nodeId(`${wanted}_${k}`);
    const node = make(id);
    const checked = floatNodeSchema.safeParse(node);
    if (!checked.success)
      refuse(`${checked.error.issues[0]!.path.join('.')}: ${checked.error.issues[0]!.message}`);
    const shape = floatShape(
      node,
      node.inputs.map((input) => this.shape(input)),
    );
    if (elements(shape) > MOST_ELEMENTS) refuse(`an output of ${shape.join('×')} values`);
    this.shapes.set(id, shape);
    this.places.set(id, this.nodes.push(node) - 1);
    return id;
  }

  /** The constant in `tensor`; UNKNOWN where it cannot be had, the reason noted. */
  private decode(tensor: RawTensor, title: string): Value {
    try {
      return { kind: 'constant', ...constantOf(tensor, this.external) };
    } catch (error) {
      if (!(error instanceof TensorProblem)) throw error;
      this.reasons.push({ what: title, why: error.message });
      return UNKNOWN;
    }
  }

  /** The value called `name`; initializers are decoded when they are first read. */
  private lookUp(name: string, reader: OnnxNode): Value | null {
    if (name === '') return null;
    const known = this.values.get(name);
    if (known !== undefined) return known;
    const tensor = this.model.initializers.get(name);
    if (tensor === undefined) {
      const later = this.needed.some((node) => node.outputs.includes(name));
      const why = later
        ? `which is computed after it: the graph is cyclic or out of order`
        : 'which nothing makes';
      throw new UserError(`${titleOf(reader)} reads ${name}, ${why}`, {
        file: this.model.file,
        remedy: 'check that the file is whole, or export it again',
      });
    }
    const value = this.decode(tensor, name);
    this.values.set(name, value);
    return value;
  }

  /** Translates one operator; its outputs are UNKNOWN where an input is or it is refused. */
  translate(node: OnnxNode): void {
    const inputs = node.inputs.map((name) => this.lookUp(name, node));
    const values = this.results(node, inputs);
    node.outputs.forEach((name, i) => {
      if (name !== '') this.values.set(name, values[i] ?? UNKNOWN);
    });
  }

  /** A folded constant, counted against what the file may compute. */
  private counted(value: Value): Value {
    if (value.kind === 'constant') this.folded += value.data.length;
    return this.folded <= MOST_FOLDED ? value : refuse('the constants that the file computes are too large');
  }

  /** The values of the operator's outputs; UNKNOWN where they cannot be had. */
  private results(node: OnnxNode, inputs: readonly (Value | null)[]): readonly Value[] {
    const refused = (why: string): readonly Value[] => {
      this.reasons.push({ what: titleOf(node), why });
      return [UNKNOWN];
    };
    const rule = ruleOf(node);
    const fold = node.domain === '' || FOREIGN_RULES.has(titleType(node)) ? FOLDS.get(node.type) : undefined;
    if (rule === undefined && fold === undefined) return refused(`there is no such operator in vetoc`);
    const strange = strangeAttributes(node);
    if (strange.length > 0) return refused(`its attribute ${strange.join(', ')} is not understood`);
    const tensor = node.attributes.get('value')?.tensor ?? null;
    const value = tensor === null ? null : this.decode(tensor, titleOf(node));
    if (value?.kind === 'unknown' || inputs.some((x) => x?.kind === 'unknown')) return [UNKNOWN];
    const op: Op = { node, opset: this.opset, inputs, value: value as Constant | null };
    const constants = inputs.filter((x) => x !== null).filter((x) => x.kind === 'constant');
    const isConstant = constants.length === inputs.filter((x) => x !== null).length;
    try {
      if (isConstant && fold !== undefined) return [this.counted(fold(op, constants))];
      return rule === undefined || isConstant ? refused('it is taken of constants alone') : rule(op, this);
    } catch (error) {
      if (error instanceof Refusal || error instanceof TensorProblem || error instanceof InvariantError)
        return refused(error.message);
      throw error;
    }
  }
}

/** What an import makes of the operators behind an output. */
export interface Translated {
  readonly nodes: readonly FloatNode[];
  readonly value: Value | undefined;
  readonly shape: (id: NodeId) => Shape;
  /** Where the file rounds activations, by node; empty for a network of floats. */
  readonly quantizers: ReadonlyMap<NodeId, Quantizer>;
}

/** The float nodes behind `output` of `model`. Throws `UnsupportedError` with every reason, or `UserError`. */
export function translateGraph(
  model: OnnxModel,
  output: string,
  start: Start,
  external: ExternalReader,
): Translated {
  const found = withGelu(neededNodes(model, [output], start.values), model, external);
  // What made parts of it alone is not needed any more.
  const needed = neededNodes({ ...model, nodes: found }, [output], start.values);
  if (needed.length > MOST_NODES)
    throw new UserError(`has ${needed.length} operators; up to ${MOST_NODES} are taken`, {
      file: model.file,
      remedy: 'export the network alone',
    });
  const translation = new Translation(model, start, external, needed);
  for (const node of needed) translation.translate(node);
  if (translation.reasons.length > 0) throw new UnsupportedError(model.file, translation.reasons);
  const value = translation.values.get(output);
  const shape = (id: NodeId): Shape => translation.shape(id);
  const { quantizers, joining } = translation;
  if (value?.kind !== 'activation') return { nodes: translation.nodes, value, shape, quantizers };
  const joined = joinNodes(translation.nodes, {
    joining,
    quantizers,
    output: value.id,
    given: new Set(start.nodes.map(({ id }) => id)),
    shape,
  });
  const { nodes, holder } = joined;
  return {
    nodes,
    value: { ...value, id: holder(value.id) },
    shape,
    quantizers: joined.quantizers,
  };
}
