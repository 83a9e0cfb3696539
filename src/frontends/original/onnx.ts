/** ONNX Runtime on the file that a network was imported from. */
import { readFile } from 'node:fs/promises';
import type * as ort from 'onnxruntime-node';
import { UserError } from '../../core/errors.js';
import type { Original } from '../imported.js';
import type { ImportedOnnx } from '../onnx/import.js';
import type { InputType } from '../onnx/input.js';
import { halfBits, halfValue } from '../onnx/tensor-data.js';
import { allPlaces, extentsOf } from '../onnx/view.js';
import { QONNX_OPERATORS, withoutQuant } from './qonnx-functions.js';
import { loadOrt, openSession } from '../../backends/onnx/ort/session.js';

/** `values` as a tensor of `type`. */
async function tensorOf(type: InputType, values: Float32Array, dims: readonly number[]): Promise<ort.Tensor> {
  const { Tensor } = await loadOrt();
  switch (type) {
    case 'float32':
      return new Tensor('float32', values, dims);
    case 'float16':
      return new Tensor('float16', Uint16Array.from(values, halfBits), dims);
    case 'uint8':
      return new Tensor('uint8', Uint8Array.from(values), dims);
    case 'uint16':
      return new Tensor('uint16', Uint16Array.from(values), dims);
  }
}

/** The numbers of an output. */
function numbersOf(tensor: ort.Tensor): Float32Array {
  const values = tensor.data as ArrayLike<number>;
  return tensor.type === 'float16' ? Float32Array.from(values, halfValue) : Float32Array.from(values);
}

/** What multiplies bytes. */
const INTEGER_OPERATORS = ['QLinearConv', 'QLinearMatMul', 'QGemm'];

/** Throws why ONNX Runtime does not run the file at `path`. */
function notRun(path: string, error: unknown): never {
  const words = error instanceof UserError ? error.problem : String(error);
  const version = /Unsupported model IR version: (\d+)/.exec(words);
  if (version !== null)
    throw new UserError(
      `cannot be compared: it is of ONNX IR version ${version[1]}, which is newer than ONNX Runtime here reads`,
      { file: path, remedy: 'save it again with an older one: model.ir_version = 10' },
    );
  throw new UserError(`cannot be compared: ONNX Runtime does not run it (${words})`, {
    file: path,
    remedy: 'export it in float32 with operators that ONNX Runtime has',
  });
}

/** Opens the original of `imported` at `path` (a path, so that external data are found). Throws `UserError`. */
export async function openOrtOriginal(imported: ImportedOnnx, path: string): Promise<Original> {
  const { batch, input, inputType, inputView, operators, output } = imported;
  // What was read once is not read again: weights of a large network take longer than to run it.
  const isQonnx = QONNX_OPERATORS.some((type) => operators.has(type));
  const plain = isQonnx ? withoutQuant(await readFile(path)) : null;
  const isInteger = INTEGER_OPERATORS.some((type) => operators.has(type));
  // As a path, so that data beside the file are found.
  const session = await openSession(plain ?? path, {
    optimization: isInteger ? 'extended' : 'disabled',
    exactIntegers: isInteger,
  }).catch((error: unknown) => notRun(path, error));
  const places = allPlaces(inputView);
  const dims = [batch, ...extentsOf(inputView)];
  return {
    by: 'ONNX Runtime',
    async run(image) {
      const values = new Float32Array(batch * places.length);
      for (let k = 0; k < batch; k++) places.forEach((at, i) => (values[k * places.length + i] = image[at]!));
      const outputs = await session.run({ [input]: await tensorOf(inputType, values, dims) });
      const given = numbersOf(outputs[output]!);
      return given.subarray(0, given.length / batch);
    },
    close: () => session.release(),
  };
}
