/** Files in float16 and bfloat16, made of files in float32: as converters write them. */
import { halfBits } from '../../src/frontends/onnx/tensor-data.js';
import { ATTRIBUTE_TYPE, DATA_TYPE, ModelProto, type Graph } from '../../src/onnx-file/proto.js';

type Half = 'float16' | 'bfloat16';

/** The upper half of a float32, rounded to nearest, halves to even. */
function bfloatBits(value: number): number {
  const [bits] = new Uint32Array(Float32Array.of(value).buffer);
  return ((bits! + 0x7fff + ((bits! >>> 16) & 1)) >>> 16) & 0xffff;
}
const BITS = { float16: halfBits, bfloat16: bfloatBits } as const;

/** Turns every float initializer into 16 bits; returns their names. */
function halveWeights(graph: Graph, half: Half): readonly string[] {
  const names: string[] = [];
  for (const tensor of graph.initializer ?? []) {
    if (tensor.dataType !== DATA_TYPE.float) continue;
    const bytes = new Uint8Array(tensor.rawData!);
    const bits = Uint16Array.from(new Float32Array(bytes.buffer), BITS[half]);
    tensor.dataType = DATA_TYPE[half];
    tensor.rawData = new Uint8Array(bits.buffer);
    names.push(tensor.name!);
  }
  return names;
}

/** The model with weights of 16 bits that are cast to float32 where they are read. */
export function withHalfWeights(bytes: Uint8Array, half: Half): Uint8Array {
  const model = ModelProto.decode(bytes);
  const graph = model.graph as Graph;
  const casts = halveWeights(graph, half).map((name) => {
    for (const node of graph.node!)
      node.input = node.input!.map((one) => (one === name ? `${name}.float` : one));
    const attribute = [{ name: 'to', type: ATTRIBUTE_TYPE.int, i: DATA_TYPE.float }];
    return { opType: 'Cast', input: [name], output: [`${name}.float`], attribute };
  });
  graph.node = [...casts, ...graph.node!];
  return ModelProto.encode(model).finish();
}

/** The model in float16 throughout. */
export function inFloat16(bytes: Uint8Array): Uint8Array {
  const model = ModelProto.decode(bytes);
  const graph = model.graph as Graph;
  halveWeights(graph, 'float16');
  for (const value of [...graph.input!, ...graph.output!])
    value.type!.tensorType!.elemType = DATA_TYPE.float16;
  return ModelProto.encode(model).finish();
}
