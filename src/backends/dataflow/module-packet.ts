/**
 * What a module sends of a frame to whoever decides: a packet of 16-bit words in the form of `link.ts`, the frame's number in
 * front and a CRC-32 behind. This table is the format: C++ gets its constants from it, the README its lines, tests their packets.
 */
import { crc32 } from 'node:zlib';

export interface PacketField {
  readonly name: 'number' | 'module' | 'state' | 'features' | 'crc';
  /** 16-bit words, low bits first; null: as many as there are features. */
  readonly words: number | null;
  readonly text: string;
}

export const PACKET_FIELDS: readonly PacketField[] = [
  { name: 'number', words: 4, text: 'the number of the frame' },
  { name: 'module', words: 1, text: 'which module: 0 up to one less than there are' },
  {
    name: 'state',
    words: 1,
    text: 'what was wrong with the frame in this module; bits 7..0: causes as in a decision word, bit 8: a memory holds a flipped bit; 0: nothing',
  },
  {
    name: 'features',
    words: null,
    text: 'a word each: the mantissa, plus half the range where it has a sign',
  },
  { name: 'crc', words: 2, text: 'CRC-32 (Ethernet, zlib) of all words before' },
];

/** Words of a field of a packet with `features`. */
export const fieldWords = (name: PacketField['name'], features: number): number =>
  PACKET_FIELDS.find((field) => field.name === name)!.words ?? features;

/** Bytes of a packet with `features` features. */
export const packetBytes = (features: number): number =>
  2 * PACKET_FIELDS.reduce((sum, { name }) => sum + fieldWords(name, features), 0);

export interface ModulePacket {
  readonly number: bigint;
  readonly module: number;
  readonly state: number;
  readonly features: ArrayLike<number>;
}

function packetWords({ number, module, state, features }: ModulePacket): Uint8Array {
  const count = features.length;
  const bytes = Buffer.alloc(packetBytes(count));
  let at = bytes.writeBigUInt64LE(number, 0);
  at = bytes.writeUInt16LE(module, at);
  at = bytes.writeUInt16LE(state, at);
  for (let i = 0; i < count; i++) at = bytes.writeUInt16LE(features[i]!, at);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, at)), at);
  return bytes;
}

/** The bytes of packets one after the other, as they stand on the link. */
export const packetFile = (packets: readonly ModulePacket[]): Uint8Array =>
  Buffer.concat(packets.map(packetWords));
