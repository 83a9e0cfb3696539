/**
 * The HDF5 library: h5wasm (HDF5 2 compiled to WebAssembly) with its filter plugins, loaded once per thread.
 *
 * The C library reports failures on stderr and its JavaScript layer ignores them; here every call runs with
 * stderr captured, and whatever the library printed becomes an `Hdf5Failure` in words. A WebAssembly trap
 * (a hostile file that breaks the library) or a loop without end that was stopped poisons the instance: the next call of
 * a loader makes a fresh one.
 *
 * Refuses nothing itself: bounds on sizes are the callers'.
 */
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type * as H5wasm from 'h5wasm/node';
import { invariant } from '../../core/errors.js';
import { TimeIsUp, withinTime } from '../../core/time-limit.js';
import { createInstance } from './instance.js';
import { describeStack } from './words.js';

/** The library said no. `message` is words for a user, `stack` ours. */
export class Hdf5Failure extends Error {
  override readonly name = 'Hdf5Failure';
}

/**
 * The same bytes read this often in one call: in SWMR mode the library retries metadata whose checksum is wrong, with
 * waits that double each time and would outlast the detector. Twenty tries are a millisecond of a writer's time.
 */
const MAX_REPEATS = 20;

class ReadLoop extends Error {}

/** The functions of the WebAssembly module that are used here (h5wasm's own types cover the rest). */
interface RawModule {
  readonly HEAPU8: Uint8Array;
  readonly FS: {
    open: (path: string, ...flags: readonly unknown[]) => unknown;
    read: (
      stream: { readonly nfd: number; readonly position: number },
      buffer: ArrayBufferView,
      offset: number,
      length: number,
      position?: number,
    ) => number;
    write: (
      stream: { readonly nfd: number },
      buffer: ArrayBufferView,
      offset: number,
      length: number,
      position?: number,
    ) => number;
  };
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  UTF8ToString(pointer: number): string;
}

export type Hdf5Module = RawModule &
  Omit<H5wasm.Metadata, keyof H5wasm.Metadata> &
  Awaited<typeof H5wasm.ready>;

export interface Hdf5Library {
  /** h5wasm's JavaScript layer over this very module, where it has one. */
  readonly high: typeof H5wasm | null;
  readonly module: Hdf5Module;
  /** Bytes that the library has read from files so far. */
  readonly bytesRead: () => number;
  /** True after a trap: the instance must not be used again. */
  readonly poisoned: () => boolean;
  /**
   * Runs `call`, which may `run` often, for at most `seconds`; then throws `Hdf5Failure`, and the instance is lost. Inside
   * of another such call it is part of that.
   */
  limited<T>(seconds: number, call: () => T): T;
  /** Runs `call` with the library's stderr captured; throws `Hdf5Failure` when it printed an error or trapped. */
  run<T>(call: (module: Hdf5Module) => T): T;
}

let generation = 0;
let layered: Promise<LayeredLibrary> | undefined;
let reader: Promise<Hdf5Library> | undefined;
let current: Hdf5Library | null = null;

/** A library with h5wasm's JavaScript layer, which writers use. */
export interface LayeredLibrary extends Hdf5Library {
  readonly high: typeof H5wasm;
}

/** The library of this thread with h5wasm's layer, loaded at the first call and replaced after a trap. */
export async function loadHdf5(): Promise<LayeredLibrary> {
  if (layered !== undefined && (await layered).poisoned()) layered = undefined;
  layered ??= createLibrary(generation++, true) as Promise<LayeredLibrary>;
  return layered;
}

/** The library of this thread for reading: the same, until a hostile file breaks it. */
export async function loadHdf5Reader(): Promise<Hdf5Library> {
  reader ??= loadHdf5();
  if ((await reader).poisoned()) reader = createLibrary(generation++, false);
  current = await reader;
  return current;
}

/** What `loadHdf5Reader` gave last. */
export function currentReader(): Hdf5Library {
  invariant(current !== null, 'the HDF5 library is loaded before it is used');
  return current;
}

async function createLibrary(number: number, withLayer: boolean): Promise<Hdf5Library> {
  let captured = '';
  let capturing = false;
  const capture = (text: string): void => {
    // The stack of a deep failure is a few kB; more is a loop that must not fill the memory.
    if (captured.length < 65536) captured += text;
  };
  const instance = await createInstance(number, withLayer, (text) => {
    if (capturing) capture(text);
    else process.stderr.write(`${text}\n`);
  });
  const module = instance.module as Hdf5Module;
  const plugins = fileURLToPath(import.meta.resolve('h5wasm-plugins')).replace(/index\.mjs$/, 'plugins');
  module.insert_plugin_search_path(plugins, 0);

  const decoder = new TextDecoder();
  const files = module.FS as RawModule['FS'];
  const open = files.open.bind(files);
  // Opening a pipe waits for ever for whoever writes into it: for the library there is no file.
  files.open = (path, ...flags) => open(isReadable(path) ? path : `${path}/.`, ...flags);
  let bytesRead = 0;
  const read = files.read.bind(files);
  const timesRead = new Map<string, number>();
  files.read = (stream, buffer, offset, length, position) => {
    const at = position ?? stream.position;
    const key = `${stream.nfd} ${at} ${length}`;
    const times = (timesRead.get(key) ?? 0) + 1;
    timesRead.set(key, times);
    if (capturing && times > MAX_REPEATS) throw new ReadLoop();
    const bytes = read(stream, buffer, offset, length, position);
    bytesRead += bytes;
    return bytes;
  };
  const write = files.write.bind(files);
  files.write = (stream, buffer, offset, length, position) => {
    if (!capturing || (stream.nfd !== 2 && stream.nfd !== 1)) {
      return write(stream, buffer, offset, length, position);
    }
    capture(decoder.decode(new Uint8Array(buffer.buffer, buffer.byteOffset + offset, length).slice()));
    return length;
  };

  let poisoned = false;
  // Why; whoever goes on with the file is told the same.
  let broke = '';
  const poison = (why: string): Hdf5Failure => {
    poisoned = true;
    broke = why;
    return new Hdf5Failure(why);
  };
  function run<T>(call: (module: Hdf5Module) => T): T {
    if (poisoned) throw new Hdf5Failure(broke);
    captured = '';
    timesRead.clear();
    capturing = true;
    let result: T;
    try {
      result = call(module);
    } catch (error) {
      if (error instanceof ReadLoop) {
        throw poison('its structures do not hold together: it is being written just now, or is corrupt');
      }
      if (error instanceof Error && ['RuntimeError', 'RangeError'].includes(error.name)) {
        throw poison('the HDF5 library broke while it read this file; the file is corrupt');
      }
      if (captured !== '') throw new Hdf5Failure(describeStack(captured));
      throw error instanceof Error ? new Hdf5Failure(error.message) : new Hdf5Failure(String(error));
    } finally {
      capturing = false;
    }
    if (captured.includes('HDF5-DIAG')) throw new Hdf5Failure(describeStack(captured));
    return result;
  }

  let limiting = false;
  function limited<T>(seconds: number, call: () => T): T {
    if (limiting) return call();
    limiting = true;
    try {
      return withinTime(seconds, call);
    } catch (error) {
      if (!(error instanceof TimeIsUp)) throw error;
      capturing = false;
      throw poison(
        `was given up after ${seconds} s: its structures lead in a circle, or it is very slow (--give-up)`,
      );
    } finally {
      limiting = false;
    }
  }
  return {
    high: instance.high,
    module,
    bytesRead: () => bytesRead,
    poisoned: () => poisoned,
    limited,
    run,
  };
}

/** Whether `path` may be opened: a file, a folder, or something that is about to be made. */
function isReadable(path: string): boolean {
  try {
    const facts = statSync(path, { throwIfNoEntry: false });
    return facts === undefined || facts.isFile() || facts.isDirectory();
  } catch {
    // A folder that may not be entered, a link to itself: opening it says so.
    return true;
  }
}
