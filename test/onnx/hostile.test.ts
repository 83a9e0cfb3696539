/** Corrupt and hostile model files: each becomes a graph or words for the user, and asks for no memory by a lie. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { importOnnx, importOwnOnnx, isOwn } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { ModelProto, type Node } from '../../src/onnx-file/proto.js';
import { UnsupportedError, UserError } from '../../src/core/errors.js';
import { createRandom } from '../../src/core/random.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { sampleFloatGraph } from './sample-float.js';

/** More mutations for a longer search: VETOC_FUZZ=10000 npx vitest run test/onnx/hostile.test.ts */
const MUTATIONS = Number(process.env['VETOC_FUZZ'] ?? 150);

const external = (): never => {
  throw new Error('asked for external data');
};
const preprocess = preprocessNodes(preprocessSchema.parse({ factor: 1 }), [32, 32]);

/** Imports `bytes`; what was said where it was refused. Anything but a refusal in words is thrown on. */
function refusal(bytes: Uint8Array): string | null {
  try {
    const model = readOnnxModel(bytes, 'hostile.onnx');
    if (isOwn(model)) importOwnOnnx(model, external);
    else
      importOnnx(
        model,
        {
          name: 'hostile',
          preprocess,
          classes: (logits) => ({
            classNames: Array.from({ length: logits }, (_, i) => `c${i}`),
            hitClasses: Array.from({ length: logits }, (_, i) => i > 0),
          }),
        },
        external,
      );
    return null;
  } catch (error) {
    if (error instanceof UserError || error instanceof UnsupportedError) return error.message;
    throw error;
  }
}

const models = ['cnn-unfolded.onnx', 'keras.onnx', 'cnn-dynamo.onnx'].map((name) =>
  readFileSync(fileURLToPath(new URL(`models/${name}`, import.meta.url))),
);
models.push(Buffer.from(emitFloatOnnx(sampleFloatGraph(1, [34, 34]))));

/** One change: some bytes, a run of them, a length that lies, a cut, or two places exchanged. */
function mutated(healthy: Buffer, seed: number): Buffer {
  const random = createRandom(seed);
  const bytes = Buffer.from(healthy);
  // Structure stands everywhere, but weights are most of a file: half of the changes go near its ends.
  const place = (): number =>
    random.uniform() < 0.5
      ? random.integer(0, bytes.length - 1)
      : random.integer(0, Math.min(1500, bytes.length - 1));
  switch (random.integer(0, 4)) {
    case 0:
      for (let k = random.integer(1, 6); k > 0; k--) bytes[place()] = random.integer(0, 255);
      return bytes;
    case 1:
      return bytes.subarray(0, place());
    case 2: {
      const at = place();
      bytes.fill(0xff, at, Math.min(bytes.length, at + random.integer(1, 10)));
      return bytes;
    }
    case 3: {
      const at = place();
      bytes[at] = bytes[at]! ^ (1 << random.integer(0, 7));
      return bytes;
    }
    default: {
      const [from, to] = [place(), place()];
      return bytes.copy(bytes, to, from, Math.min(bytes.length, from + 40)) >= 0 ? bytes : healthy;
    }
  }
}

describe('a mutated model', () => {
  it.each([0, 1, 2, 3])('is imported or refused in words (file %i)', (file) => {
    let refused = 0;
    for (let seed = 1; seed <= MUTATIONS; seed++)
      try {
        if (refusal(mutated(models[file]!, seed)) !== null) refused += 1;
      } catch (error) {
        throw new Error(`file ${file}, seed ${seed}`, { cause: error });
      }
    expect(refusal(models[file]!)).toBeNull();
    expect(refused).toBeGreaterThan(MUTATIONS / 10);
  });
});

interface Parts {
  readonly nodes: readonly Node[];
  readonly constants?: Readonly<Record<string, { dims: readonly number[]; raw: Uint8Array; type?: number }>>;
}

/** A model on a `[1, 1, 32, 32]` image x with the output y. */
const model = ({ nodes, constants = {} }: Parts): Uint8Array =>
  ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      node: nodes.map((node) => ({ attribute: [], ...node })),
      input: [
        {
          name: 'x',
          type: {
            tensorType: { elemType: 1, shape: { dim: [1, 1, 32, 32].map((dimValue) => ({ dimValue })) } },
          },
        },
      ],
      output: [{ name: 'y' }],
      initializer: Object.entries(constants).map(([name, { dims, raw, type = 1 }]) => ({
        name,
        dims: [...dims],
        dataType: type,
        rawData: raw,
      })),
    },
  }).finish();
const op = (opType: string, input: readonly string[], output: string): Node => ({
  opType,
  name: output,
  input: [...input],
  output: [output],
});
const int64 = (...values: number[]): Uint8Array =>
  new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);

describe('a hostile model', () => {
  it('with a cycle is refused', () => {
    const nodes = [op('Add', ['x', 'b'], 'a'), op('Relu', ['a'], 'b'), op('Flatten', ['b'], 'y')];
    expect(refusal(model({ nodes }))).toMatch(/cyclic or out of order/);
  });

  it('with a name that nothing makes is refused', () => {
    expect(refusal(model({ nodes: [op('Relu', ['ghost'], 'y')] }))).toMatch(
      /reads ghost, which nothing makes/,
    );
  });

  it.each([
    [
      'dims without values',
      { w: { dims: [1_000_000_000], raw: new Uint8Array(4) } },
      /4 bytes where its dims say/,
    ],
    ['an extent below zero', { w: { dims: [-1, 2], raw: new Uint8Array(4) } }, /an extent of -1/],
    ['dims beyond all bounds', { w: { dims: [2 ** 40, 2 ** 40], raw: new Uint8Array(4) } }, /too many/],
  ] as const)('with %s is refused', (_what, constants, words) => {
    const nodes = [op('Flatten', ['x'], 'f'), op('MatMul', ['f', 'w'], 'y')];
    expect(refusal(model({ nodes, constants }))).toMatch(words);
  });

  it('that computes a constant of a billion values is refused', () => {
    const constants = { s: { dims: [1], raw: int64(1_000_000_000), type: 7 } };
    const nodes = [
      op('ConstantOfShape', ['s'], 'w'),
      op('Flatten', ['x'], 'f'),
      op('MatMul', ['f', 'w'], 'y'),
    ];
    expect(refusal(model({ nodes, constants }))).toMatch(/a constant of 1000000000 values/);
  });

  it('that doubles a tensor with every operator is refused, and adds up nothing twice', () => {
    const doubled = (type: string): Node[] =>
      Array.from({ length: 60 }, (_, i) => ({
        ...op(type, [i === 0 ? 'x' : `t${i - 1}`, i === 0 ? 'x' : `t${i - 1}`], i === 59 ? 'p' : `t${i}`),
        attribute: type === 'Concat' ? [{ name: 'axis', i: 1, type: 2 }] : [],
      }));
    expect(refusal(model({ nodes: [...doubled('Concat'), op('Flatten', ['p'], 'y')] }))).toMatch(
      /an output of/,
    );
    const pads = { pads: { dims: [8], raw: int64(0, 0, 1, 1, 0, 0, 1, 1), type: 7 } };
    const pool: Node = {
      ...op('MaxPool', ['q'], 'm'),
      attribute: [{ name: 'kernel_shape', ints: [3, 3], type: 7 }],
    };
    const sums = [...doubled('Add'), op('Pad', ['p', 'pads'], 'q'), pool, op('Flatten', ['m'], 'y')];
    expect(refusal(model({ nodes: sums, constants: pads }))).toBeNull();
  });

  it('of millions of empty nodes is refused', () => {
    const node = Buffer.from([0x0a, 0x00]);
    const graph = Buffer.concat([Buffer.alloc(6_000_000, node)]);
    const header = ModelProto.encode({ opsetImport: [{ domain: '', version: 17 }] }).finish();
    const length = [0x3a];
    for (let n = graph.length; ; n >>>= 7) {
      length.push(n > 127 ? (n & 127) | 128 : n);
      if (n <= 127) break;
    }
    expect(refusal(Buffer.concat([header, Buffer.from(length), graph]))).toMatch(/more than 500000 parts/);
  });

  it('with control characters in its names is refused without printing them', () => {
    const nodes = [
      op('Relu', ['x'], 'a\n\x1b[2J'),
      op('Erf', ['a\n\x1b[2J'], 'y\x07'),
      op('Flatten', ['y\x07'], 'y'),
    ];
    expect(refusal(model({ nodes }))).toBe('hostile.onnx: y? (Erf): there is no such operator in vetoc');
  });

  it('of another kind altogether is refused', () => {
    for (const text of ['', 'hello', '{"a": 1}', '\x89PNG\r\n\x1a\n0000', '\xff'.repeat(100)])
      expect(refusal(Buffer.from(text, 'latin1'))).toMatch(/not an ONNX model/);
  });
});
