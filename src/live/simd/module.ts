/** Loading a WebAssembly module that .ci/wasm.mjs built. */
import { readFileSync } from 'node:fs';
import { InvariantError } from '../../core/errors.js';

/** What every module of this folder has. */
export interface WasmModule {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): void };
  /** The first byte of memory that is free. */
  freeFrom(): number;
}

/** The part of WebAssembly that is used here: Node's types have none of it. */
interface Wasm {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

/** Bytes behind every region that loops in steps of 16 may touch. */
export const SLACK = 64;
const PAGE = 65536;

/** A new instance of `name`, with a memory of its own. */
export function loadModule<M extends WasmModule>(name: 'unpack' | 'preprocess'): M {
  const file = new URL(`generated/${name}.wasm`, import.meta.url);
  try {
    const { Instance, Module } = (globalThis as { readonly WebAssembly?: Wasm }).WebAssembly!;
    const { exports } = new Instance(new Module(readFileSync(file)), {
      env: {
        abort() {
          throw new InvariantError(`the module ${name} gave up`);
        },
      },
    });
    return exports as M;
  } catch (error) {
    throw new InvariantError(`${file.pathname} cannot be loaded: ${String(error)}; npm run build makes it`);
  }
}

/** Makes the memory hold `bytes`, at least. */
export function growTo({ memory }: WasmModule, bytes: number): void {
  const more = bytes - memory.buffer.byteLength;
  if (more > 0) memory.grow(Math.ceil(more / PAGE));
}
