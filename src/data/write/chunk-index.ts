/**
 * Joining ready chunks to an HDF5 file. h5wasm can compress chunks itself, slower than zlib and without shuffle, but
 * cannot take chunks that are compressed already (`H5Dwrite_chunk`). So the chunks are put behind the closed file, and
 * the file is told of them: the dataset's layout message gets an index of chunks, its filter message says shuffle and
 * deflate, the superblock gets the new end of the file.
 *
 * Source: HDF5 File Format Specification 3.0, II.A (superblock 0), III.A.1 (version 1 B-trees of node type 1), IV.A.1.a
 * (object header 1), IV.A.2.i (layout message 3) and IV.A.2.l (filter message 2). Refuses anything else: the file must
 * have been written with `libver: earliest`.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { invariant } from '../../core/errors.js';

/** A chunked dataset that has no chunk yet, one row a chunk, with the deflate filter of h5wasm. */
export interface EmptyDataset {
  /** Of its object header. */
  readonly address: number;
  /** Of a row. */
  readonly rowShape: readonly number[];
  readonly elementBytes: number;
}

const NOWHERE = 0xffffffffffffffffn;
/** Entries of a node at most: twice the rank that a superblock of version 0 implies. */
const NODE_ENTRIES = 64;
const MESSAGE = { layout: 8, filters: 11, continuation: 16 } as const;
const FILTER = { deflate: 1, shuffle: 2, optional: 1 } as const;

interface Entry {
  /** The first row below it. */
  readonly row: number;
  /** Of that row's chunk. */
  readonly bytes: number;
  readonly address: number;
}

/**
 * The B-tree over chunks, as bytes that will stand at `at`: row `i` is chunk `i`, of `sizes[i]` bytes, the first at
 * `first` and each next behind the one before.
 */
export function chunkTree(
  sizes: readonly number[],
  first: number,
  rank: number,
  at: number,
): { readonly bytes: Buffer; readonly root: number } {
  const keyBytes = 8 + 8 * (rank + 1);
  const nodeBytes = 24 + (NODE_ENTRIES + 1) * keyBytes + NODE_ENTRIES * 8;
  const nodes: Buffer[] = [];
  let address = first;
  let entries: Entry[] = sizes.map((bytes, row) => {
    const here = address;
    address += bytes;
    return { row, bytes, address: here };
  });
  for (let level = 0; ; level++) {
    const start = nodes.length;
    const count = Math.ceil(entries.length / NODE_ENTRIES);
    const addressOf = (k: number): bigint =>
      k < 0 || k >= count ? NOWHERE : BigInt(at + (start + k) * nodeBytes);
    const above: Entry[] = [];
    for (let k = 0; k < count; k++) {
      const part = entries.slice(k * NODE_ENTRIES, (k + 1) * NODE_ENTRIES);
      const node = Buffer.alloc(nodeBytes);
      node.write('TREE', 0, 'latin1');
      node.writeUInt8(1, 4);
      node.writeUInt8(level, 5);
      node.writeUInt16LE(part.length, 6);
      node.writeBigUInt64LE(addressOf(k - 1), 8);
      node.writeBigUInt64LE(addressOf(k + 1), 16);
      let offset = 24;
      for (const entry of part) {
        node.writeUInt32LE(entry.bytes, offset);
        node.writeBigUInt64LE(BigInt(entry.row), offset + 8);
        node.writeBigUInt64LE(BigInt(entry.address), offset + keyBytes);
        offset += keyBytes + 8;
      }
      const next = entries[(k + 1) * NODE_ENTRIES]?.row ?? sizes.length;
      node.writeBigUInt64LE(BigInt(next), offset + 8);
      nodes.push(node);
      above.push({ ...part[0]!, address: Number(addressOf(k)) });
    }
    if (count === 1) return { bytes: Buffer.concat(nodes), root: above[0]!.address };
    entries = above;
  }
}

interface Message {
  readonly type: number;
  /** Where its data stand. */
  readonly at: number;
  readonly bytes: number;
}

async function readAt(file: FileHandle, at: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes);
  const { bytesRead } = await file.read(buffer, 0, bytes, at);
  invariant(bytesRead === bytes, `the HDF5 file ends before byte ${at + bytes}`);
  return buffer;
}

/** The messages of the object header at `address`, in all its blocks. */
async function readMessages(file: FileHandle, address: number): Promise<readonly Message[]> {
  const prefix = await readAt(file, address, 16);
  invariant(prefix.readUInt8(0) === 1, 'an object header of version 1');
  const total = prefix.readUInt16LE(2);
  const messages: Message[] = [];
  const blocks = [{ at: address + 16, bytes: prefix.readUInt32LE(8) }];
  for (const block of blocks) {
    const data = await readAt(file, block.at, block.bytes);
    for (let at = 0; at + 8 <= block.bytes && messages.length < total;) {
      const [type, bytes] = [data.readUInt16LE(at), data.readUInt16LE(at + 2)];
      messages.push({ type, at: block.at + at + 8, bytes });
      if (type === MESSAGE.continuation) {
        const [start, length] = [data.readBigUInt64LE(at + 8), data.readBigUInt64LE(at + 16)];
        blocks.push({ at: Number(start), bytes: Number(length) });
      }
      at += 8 + bytes;
    }
  }
  return messages;
}

/** Shuffle, then deflate, in the room of a message that names deflate alone; what is over stays 0. */
function filterMessage(bytes: number, elementBytes: number): Buffer {
  const message = Buffer.alloc(bytes);
  message.writeUInt8(2, 0);
  message.writeUInt8(2, 1);
  [
    [FILTER.shuffle, elementBytes],
    [FILTER.deflate, 1],
  ].forEach(([filter, value], k) => {
    const at = 2 + 10 * k;
    message.writeUInt16LE(filter!, at);
    message.writeUInt16LE(FILTER.optional, at + 2);
    message.writeUInt16LE(1, at + 4);
    message.writeUInt32LE(value!, at + 6);
  });
  return message;
}

/** Writes what leads to the chunks: the layout's index, the filters, the end of the file. */
async function patch(file: FileHandle, dataset: EmptyDataset, root: number, end: number): Promise<void> {
  const messages = await readMessages(file, dataset.address);
  const found = (type: number): Message => {
    const message = messages.find((one) => one.type === type);
    invariant(message !== undefined, `the dataset's header has no message of type ${type}`);
    return message;
  };
  const layout = found(MESSAGE.layout);
  const rank = dataset.rowShape.length + 1;
  const head = await readAt(file, layout.at, 11);
  const empty = head.readBigUInt64LE(3) === NOWHERE;
  invariant(
    empty && head.subarray(0, 3).equals(Buffer.of(3, 2, rank + 1)),
    'a chunked dataset without chunks',
  );
  const address = Buffer.alloc(8);
  address.writeBigUInt64LE(BigInt(root));
  await file.write(address, 0, 8, layout.at + 3);
  const filters = found(MESSAGE.filters);
  await file.write(filterMessage(filters.bytes, dataset.elementBytes), 0, filters.bytes, filters.at);
  address.writeBigUInt64LE(BigInt(end));
  await file.write(address, 0, 8, 40);
}

/**
 * Appends the chunks that stand one behind the other in the file `chunks` to the closed HDF5 file `path`, as the rows of
 * `dataset`, which must have as many rows as there are `sizes`.
 */
export async function joinChunks(
  path: string,
  dataset: EmptyDataset,
  chunks: string,
  sizes: readonly number[],
): Promise<void> {
  if (sizes.length === 0) return;
  const file = await open(path, 'r+');
  try {
    const superblock = await readAt(file, 0, 48);
    const { size } = await file.stat();
    invariant(superblock.readUInt8(8) === 0, 'a superblock of version 0');
    invariant(superblock.readBigUInt64LE(40) === BigInt(size), 'a whole HDF5 file');
    const at = await appendFile(file, chunks, size);
    const tree = chunkTree(sizes, size, dataset.rowShape.length + 1, at);
    await file.write(tree.bytes, 0, tree.bytes.length, at);
    await patch(file, dataset, tree.root, at + tree.bytes.length);
  } finally {
    await file.close();
  }
}

const COPY_BYTES = 1 << 20;

/** Copies the file `from` to `at` in `to`; returns where it ends. */
async function appendFile(to: FileHandle, from: string, at: number): Promise<number> {
  const source = await open(from);
  const buffer = Buffer.alloc(COPY_BYTES);
  let end = at;
  try {
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, COPY_BYTES);
      if (bytesRead === 0) return end;
      await to.write(buffer, 0, bytesRead, end);
      end += bytesRead;
    }
  } finally {
    await source.close();
  }
}
