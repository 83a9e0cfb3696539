/**
 * Making an instance of h5wasm, with two things that its build leaves out.
 *
 * - Its Blosc plugins call zlib's `uncompress`, which the main module does not export: it is given here, on Node's zlib.
 * - Its console is bound to the process's stderr when it is made: here it goes to `onConsole`.
 *
 * Both are reached by standing in for `WebAssembly.instantiate` and `console.error` while the module loads.
 */
import { inflateSync } from 'node:zlib';
import type * as H5wasm from 'h5wasm/node';

interface Memory {
  readonly HEAPU8: Uint8Array;
}

type Imports = Record<string, Record<string, unknown>>;
type Instantiate = (source: unknown, imports?: Imports) => Promise<unknown>;

/** zlib's results. */
const Z = { ok: 0, dataError: -3, bufferError: -5 } as const;

/** `int uncompress(dest, destLen*, source, sourceLen)` over the module's memory; sizes are 32 bits in wasm32. */
function createUncompress(memory: () => Memory) {
  return (dest: number, destLength: number, source: number, sourceLength: number): number => {
    const heap = memory().HEAPU8;
    const length = new DataView(heap.buffer, heap.byteOffset + destLength, 4);
    const room = length.getUint32(0, true);
    try {
      const packed = heap.slice(source, source + sourceLength);
      const data = inflateSync(packed, { maxOutputLength: Math.max(1, room) });
      heap.set(data, dest);
      length.setUint32(0, data.length, true);
      return Z.ok;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? Z.bufferError : Z.dataError;
    }
  };
}

/** h5wasm's module, and its JavaScript layer where that is bound to it. */
export interface Instance {
  readonly module: unknown;
  readonly high: typeof H5wasm | null;
}

/**
 * Loads an instance. The first of a thread, `number` 0, is h5wasm as imported. A later one with its JavaScript layer
 * (`withLayer`) is a second copy of the ES module, which Node never forgets; without, it can be collected.
 */
async function load(number: number, withLayer: boolean): Promise<Instance> {
  if (withLayer || number === 0) {
    const address = `${import.meta.resolve('h5wasm/node')}?instance=${number}`;
    const high = number === 0 ? await import('h5wasm/node') : ((await import(address)) as typeof H5wasm);
    return { module: await high.ready, high };
  }
  const address = new URL('./hdf5_util.js', import.meta.resolve('h5wasm/node')).href;
  const factory = (await import(address)) as { default: (options: object) => Promise<unknown> };
  return { module: await factory.default({ noInitialRun: true }), high: null };
}

/** Loads instance `number`. What the module would print on the console goes to `onConsole`. */
export async function createInstance(
  number: number,
  withLayer: boolean,
  onConsole: (text: string) => void,
): Promise<Instance> {
  const wasm = (globalThis as typeof globalThis & { WebAssembly: { instantiate: Instantiate } }).WebAssembly;
  const { instantiate } = wasm;
  const consoleError = console.error;
  let environment: Record<string, unknown> | undefined;
  wasm.instantiate = (source, imports) => {
    // Other modules may be loading at this moment: h5wasm's is the one with its error function.
    if (imports?.['env']?.['throw_error'] !== undefined) environment = imports['env'];
    return instantiate.call(wasm, source, imports);
  };
  console.error = (...parts: unknown[]) => {
    const text = parts.map(String).join(' ');
    if (environment === undefined) consoleError(text);
    else onConsole(text);
  };
  try {
    const instance = await load(number, withLayer);
    if (environment !== undefined)
      environment['uncompress'] ??= createUncompress(() => instance.module as Memory);
    return instance;
  } finally {
    wasm.instantiate = instantiate;
    console.error = consoleError;
  }
}
