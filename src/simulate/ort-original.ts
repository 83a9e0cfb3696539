/** ONNX Runtime on the file that a network was imported from. */
import { readFile } from 'node:fs/promises';
import type * as ort from 'onnxruntime-node';
import { UserError } from '../core/errors.js';
import type { Original } from '../frontends/imported.js';
import type { ImportedOnnx } from '../frontends/onnx/import.js';
import type { InputType } from '../frontends/onnx/input.js';
import { halfValue } from '../frontends/onnx/tensor-data.js';
import { allPlaces, extentsOf } from '../frontends/onnx/view.js';
import { withoutQuant } from './qonnx-functions.js';
import { loadOrt, openSession } from './ort-session.js';

/** The 16 bits of IEEE 754 binary16 nearest to `value`; values of an image need no infinity. */
function halfBits(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size === 0) return sign;
  const exponent = Math.max(Math.floor(Math.log2(size)), -14);
  const steps = size / 2 ** (exponent - 10);
  const floor = Math.floor(steps);
  const isUp = steps - floor > 0.5 || (steps - floor === 0.5 && floor % 2 !== 0);
  // A subnormal has no bit before the point; one that rounds up to 2048 carries into the exponent.
  return sign | (((exponent + 14) << 10) + (isUp ? floor + 1 : floor));
}

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
  // Where the JavaScript has Float16Array the values are numbers, else their bits.
  return tensor.type === 'float16' && values instanceof Uint16Array
    ? Float32Array.from(values, halfValue)
    : Float32Array.from(values);
}

/** Opens the original of `imported` at `path` (a path, so that external data are found). Throws `UserError`. */
export async function openOrtOriginal(imported: ImportedOnnx, path: string): Promise<Original> {
  const { batch, input, inputType, inputView, output } = imported;
  const model = await readFile(path);
  const plain = withoutQuant(model);
  // As a path, so that data beside the file are found.
  const session = await openSession(plain ?? path, { optimization: 'disabled' }).catch((error: unknown) => {
    throw new UserError(
      `cannot be compared: ONNX Runtime does not run it (${error instanceof Error ? error.message : String(error)})`,
      { file: path, remedy: 'export it in float32 with operators that ONNX Runtime has' },
    );
  });
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
