/**
 * What computes: native TensorFlow where it is installed, else ONNX Runtime for gradients that it is known how to ask it for
 * (`train/native`), else wasm, else plain JavaScript.
 */
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { UserError } from '../core/errors.js';
import type { BackendName } from './backend-name.js';
import { tf } from './tf.js';
import { registerWasmGradients } from './wasm-gradients.js';
import { guardAllocations } from './wasm-memory.js';

export interface TrainBackend {
  readonly name: Exclude<BackendName, 'auto'>;
  /** What it is, for the person who reads the log. */
  readonly description: string;
  /** Whether more cores need worker threads: native TensorFlow has threads of its own. */
  readonly singleThreaded: boolean;
}

const PROCESS_EVENTS = ['uncaughtException', 'unhandledRejection'] as const;
const NATIVE_PACKAGES = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

async function openTensorflow(): Promise<TrainBackend | null> {
  for (const name of NATIVE_PACKAGES) {
    try {
      // The packages are optional and not there to type-check against; importing one registers its back end.
      await import(name);
      if (await tf.setBackend('tensorflow'))
        return {
          name: 'tensorflow',
          description: `TensorFlow through ${name}`,
          singleThreaded: false,
        };
    } catch {
      // Not installed, or its native library is missing: the next one.
    }
  }
  return null;
}

async function openWasm(): Promise<TrainBackend | null> {
  const folder = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'));
  setWasmPaths(`${folder}${sep}`);
  registerWasmGradients();
  const before = PROCESS_EVENTS.map((event) => process.listeners(event as 'uncaughtException'));
  try {
    if (!(await tf.setBackend('wasm'))) return null;
    await tf.ready();
    guardAllocations();
  } catch {
    return null;
  } finally {
    // The wasm module handles every error of the process by printing its own minified source: not here.
    PROCESS_EVENTS.forEach((event, i) => {
      for (const listener of process.listeners(event as 'uncaughtException'))
        if (!before[i]!.includes(listener)) process.off(event, listener);
    });
  }
  return {
    name: 'wasm',
    description: 'WebAssembly (XNNPACK kernels of TensorFlow.js, convolution gradients of vetoc)',
    singleThreaded: true,
  };
}

/** Gradients are ONNX Runtime's (`train/native`); what TensorFlow.js computes beside them, WebAssembly does. */
async function openOnnxruntime(): Promise<TrainBackend> {
  const wasm = await openWasm();
  return {
    name: 'onnxruntime',
    description: `gradients by ONNX Runtime; the rest by ${(wasm ?? (await openCpu())).description}`,
    singleThreaded: true,
  };
}

async function openCpu(): Promise<TrainBackend> {
  await tf.setBackend('cpu');
  await tf.ready();
  return {
    name: 'cpu',
    description: 'plain JavaScript: correct and about a hundred times slower',
    singleThreaded: true,
  };
}

/**
 * Makes `name` the current back end, or for `auto` the best there is: native TensorFlow, where `native` ONNX Runtime, WebAssembly. Throws
 * `UserError` if it is not there.
 */
export async function openBackend(name: BackendName = 'auto', native = false): Promise<TrainBackend> {
  if (name === 'cpu') return openCpu();
  if (name === 'onnxruntime') return openOnnxruntime();
  const tensorflow = name === 'wasm' ? null : await openTensorflow();
  if (tensorflow !== null) return tensorflow;
  if (name === 'auto' && native) return openOnnxruntime();
  if (name === 'tensorflow')
    throw new UserError('native TensorFlow is not installed on this machine', {
      field: 'backend',
      remedy: `npm install ${NATIVE_PACKAGES[0]} (or ${NATIVE_PACKAGES[1]}), or use --backend wasm`,
    });
  const wasm = await openWasm();
  if (wasm !== null) return wasm;
  if (name === 'wasm')
    throw new UserError('the WebAssembly back end does not start on this machine', {
      field: 'backend',
      remedy: 'use --backend cpu',
    });
  return openCpu();
}
