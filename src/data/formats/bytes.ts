/**
 * The bytes of a file, in bounds: plain files are read where asked, `.gz` and `.bz2` files are unpacked whole.
 *
 * Files are opened for each read, so that thousands of one-frame files do not hold thousands of descriptors.
 * Refuses reads past the end (a truncated file), and archives that unpack to more than `MAX_UNPACKED_BYTES`.
 */
import { open, readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import Bzip2 from '@foxglove/wasm-bz2';
import { UserError } from '../../core/errors.js';
import { warning, type Note } from '../notes.js';
import { pixelArray, PIXEL_BYTES, type PixelArray, type PixelType } from '../pixels.js';

const MAX_UNPACKED_BYTES = 512 * 1024 * 1024;
const unzip = promisify(gunzip);

export interface ByteSource {
  /** As the user named it. */
  readonly file: string;
  readonly size: number;
  /** Exactly `length` bytes from `offset`, a fresh array. Throws `UserError` when the file ends before. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** The bytes of `path`, unpacked where they are gzip or bzip2. */
export async function openBytes(file: string, path: string): Promise<ByteSource> {
  const facts = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const problem = error.code === 'ENOENT' ? 'does not exist' : `cannot be read (${error.code})`;
    throw new UserError(problem, { file, remedy: 'check the path' });
  });
  if (!facts.isFile()) throw new UserError('is not a file', { file, remedy: 'name a file' });
  if (facts.size === 0) throw new UserError('is empty', { file, remedy: 'check that it was copied whole' });
  const plain = plainSource(file, path, facts.size);
  const head = await plain.read(0, Math.min(4, facts.size));
  if (head[0] === 0x1f && head[1] === 0x8b) return unpackedSource(file, path, unpackGzip);
  if (head[0] === 0x42 && head[1] === 0x5a && head[2] === 0x68)
    return unpackedSource(file, path, unpackBzip2);
  return plain;
}

function checkRange(file: string, size: number, offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0) {
    if (offset + length <= size) return;
  }
  throw new UserError(`is truncated: ${offset + length} bytes are needed and it has ${size}`, {
    file,
    remedy: 'check that it was copied whole',
  });
}

function plainSource(file: string, path: string, size: number): ByteSource {
  return {
    file,
    size,
    async read(offset, length) {
      checkRange(file, size, offset, length);
      const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
        throw new UserError(`cannot be read (${error.code})`, { file, remedy: 'check its permissions' });
      });
      try {
        const bytes = new Uint8Array(length);
        for (let done = 0; done < length;) {
          const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
          if (bytesRead === 0) checkRange(file, offset + done, offset, length);
          done += bytesRead;
        }
        return bytes;
      } finally {
        await handle.close();
      }
    },
  };
}

/** The last archive unpacked: frames of one file are read one after the other. */
let lastUnpacked: { readonly path: string; readonly bytes: Uint8Array } | null = null;

type Unpack = (file: string, packed: Buffer) => Promise<Uint8Array>;

async function unpackedSource(file: string, path: string, unpack: Unpack): Promise<ByteSource> {
  const load = async (): Promise<Uint8Array> => {
    if (lastUnpacked?.path !== path) {
      lastUnpacked = { path, bytes: await unpack(file, await readFile(path)) };
    }
    return lastUnpacked.bytes;
  };
  lastUnpacked = null;
  const { length: size } = await load();
  return {
    file,
    size,
    async read(offset, length) {
      checkRange(file, size, offset, length);
      return Uint8Array.from((await load()).subarray(offset, offset + length));
    },
  };
}

async function unpackGzip(file: string, packed: Buffer): Promise<Uint8Array> {
  try {
    return await unzip(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (error) {
    throw unpackError(file, 'gzip', (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE');
  }
}

function unpackError(file: string, kind: string, tooLarge: boolean): UserError {
  return tooLarge
    ? new UserError(`unpacks to more than ${MAX_UNPACKED_BYTES} bytes`, {
        file,
        remedy: `unpack it with ${kind}`,
      })
    : new UserError(`is a corrupt or truncated ${kind} file`, {
        file,
        remedy: 'check that it was copied whole',
      });
}

let bzip2: Promise<Bzip2> | undefined;

/** Loads libbz2 once. Its loader listens for uncaught exceptions of the whole process: that is undone. */
async function loadBzip2(): Promise<Bzip2> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.rawListeners(event)));
  const codec = await Bzip2.init();
  for (const [i, event] of events.entries()) {
    for (const listener of process.rawListeners(event)) {
      if (!before[i]!.has(listener)) process.removeListener(event, listener as () => void);
    }
  }
  return codec;
}

/** libbz2 unpacks into a buffer of a size that has to be guessed: it is doubled until all fits. */
async function unpackBzip2(file: string, packed: Buffer): Promise<Uint8Array> {
  bzip2 ??= loadBzip2();
  const codec = await bzip2;
  for (let size = Math.max(1 << 20, packed.length * 8); ; size *= 2) {
    if (size > MAX_UNPACKED_BYTES) throw unpackError(file, 'bzip2', true);
    try {
      return codec.decompress(packed, size);
    } catch (error) {
      // -8 is BZ_OUTBUFF_FULL.
      if (!(error instanceof Error && error.message.includes('failed: -8')))
        throw unpackError(file, 'bzip2', false);
    }
  }
}

/** So many bytes behind the frames are looked at: more than that is no padding. */
const MOST_PADDING = 4096;

/** A warning where `bytes` holds more than padding from `end` on: frames, or what nobody read. */
export async function surplusNotes(bytes: ByteSource, end: number): Promise<readonly Note[]> {
  const surplus = bytes.size - end;
  if (surplus <= 0) return [];
  const seen = await bytes.read(end, Math.min(surplus, MOST_PADDING));
  const blank = seen.every((byte) => byte === 0 || byte === 0x0a || byte === 0x0d || byte === 0x20);
  if (blank && surplus <= MOST_PADDING) return [];
  return [
    warning('frames', bytes.file, null, `holds ${surplus} bytes behind its frames, which were not read`),
  ];
}

/** Pixels of `type` from bytes in the given order; `bytes` is consumed. */
export function decodePixels(
  bytes: Uint8Array<ArrayBuffer>,
  type: PixelType,
  littleEndian: boolean,
): PixelArray {
  const size = PIXEL_BYTES[type];
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  if (!littleEndian && size > 1) {
    const buffer = Buffer.from(aligned.buffer, aligned.byteOffset, aligned.length);
    if (size === 2) buffer.swap16();
    else if (size === 4) buffer.swap32();
    else buffer.swap64();
  }
  return pixelArray(type, aligned.buffer, aligned.byteOffset, Math.floor(aligned.length / size));
}

/** Bytes as Latin-1 text, for headers. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
