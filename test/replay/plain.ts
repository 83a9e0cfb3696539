/** Any plain value as text of many short lines, with its keys sorted: the order in which code sets them is no matter. */
import { createHash } from 'node:crypto';

export const sha256 = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex');

type Bytes = ArrayBufferView;

/** An array of numbers: its length and hash, as it would fill the page. */
const arrayText = (array: Bytes): string =>
  `${array.constructor.name} of ${array.byteLength} bytes ${sha256(new Uint8Array(array.buffer, array.byteOffset, array.byteLength)).slice(0, 16)}`;

function plain(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return arrayText(value);
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, field]) => [key, plain(field)]));
}

export const plainText = (value: unknown): string => `${JSON.stringify(plain(value), null, 1)}\n`;
