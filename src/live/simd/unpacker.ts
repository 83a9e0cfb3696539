/**
 * The WebAssembly module that unpacks at pixel rate, with its memory laid out. What it gives is what its plain twins give:
 * `unpackImage` and `convertToUint16`.
 */
import { PIXEL_BYTES, type Overloads, type PixelType, type ValueRule } from '../../data/pixels.js';
import { roundHalfEven } from '../../fixed/cast.js';
import { blockLayout, unpackImage, type PackedBytes } from '../protocol/bitshuffle.js';
import { DamagedBlock } from '../protocol/lz4.js';
import { growTo, loadModule, SLACK, type WasmModule } from './module.js';

interface Module extends WasmModule {
  gave(): number;
  should(): number;
  blocks(
    ...args: [
      from: number,
      length: number,
      start: number,
      to: number,
      size: number,
      block: number,
      element: number,
      planes: number,
    ]
  ): number;
  convert(
    ...args: [
      from: number,
      element: number,
      count: number,
      to: number,
      mask: number,
      marked: number,
      sentinel: number,
      largest: number,
      over: number,
    ]
  ): void;
}

/** More than this is left to the twins: an image may say that it is very large. */
const MOST_BYTES = 2 ** 30;

/** In the order of the codes in unpack.as. */
const PROBLEMS: readonly ((module: Module) => string)[] = [
  () => 'an LZ4 length runs past the end of its block',
  () => 'LZ4 literals run past the end of their block',
  () => 'an LZ4 match points outside its block',
  (module) => `an LZ4 block gives ${module.gave()} bytes, not ${module.should()}`,
  () => 'the packed image ends before its last block',
  () => 'a block runs past the end of the packed image',
  () => 'the packed image does not end where its blocks do',
];

/** A rule that the module knows: one value that is no measurement, and one largest count; null: it is another. */
function simpleRule(rule: ValueRule, type: PixelType, shown: Overloads): Simple | null {
  const { sentinels, below, above, limits, floors, ranges, saturation } = rule;
  const whole = type === 'uint8' || type === 'uint16' || type === 'uint32';
  const plain = below === null && above === null && limits === undefined && floors === undefined;
  if (!whole || !plain || sentinels.length > 1 || (ranges ?? []).length > 0) return null;
  const [sentinel] = sentinels;
  const most = 2 ** (8 * PIXEL_BYTES[type]) - 1;
  const possible = sentinel !== undefined && Number.isInteger(sentinel) && sentinel >= 0 && sentinel <= most;
  const largest = saturation === null ? most : Math.floor(saturation);
  if (!(largest >= 0)) return null;
  const over = shown === 'mask' ? 0 : Math.min(65535, roundHalfEven(saturation ?? 65535));
  return { sentinel: possible ? sentinel : null, largest: Math.min(most, largest), over };
}

interface Simple {
  readonly sentinel: number | null;
  readonly largest: number;
  readonly over: number;
}

export interface Unpacker {
  /**
   * Pixels of an image of `count` values, those that `mask` hides (1 live) or `rule` excludes 0. Null where the rule is
   * none that the module knows. Throws `DamagedBlock` where the image is not what it says to be.
   */
  pixels(
    packed: PackedBytes,
    type: PixelType,
    count: number,
    rule: ValueRule,
    mask: Uint8Array | null,
    overloads: Overloads,
  ): Uint16Array | null;
  /** The stored values, `size` bytes. Throws `DamagedBlock`. */
  bytes(packed: PackedBytes, size: number): Uint8Array<ArrayBuffer>;
}

export function createUnpacker(): Unpacker {
  const module = loadModule<Module>('unpack');
  const base = module.freeFrom();
  const names = ['input', 'planes', 'raw', 'mask', 'pixels'] as const;
  type Region = (typeof names)[number];
  const room: Record<Region, number> = { input: 0, planes: 0, raw: 0, mask: 0, pixels: 0 };
  const place: Record<Region, number> = { input: base, planes: base, raw: base, mask: base, pixels: base };
  let masked: Uint8Array | null | undefined;
  let maskedCount = 0;

  /** Makes the regions large enough; what was in them is gone where one grows. False where that is too much. */
  function layOut(needed: Readonly<Partial<Record<Region, number>>>): boolean {
    if (names.every((name) => (needed[name] ?? 0) <= room[name])) return true;
    let at = base;
    const wanted = names.map((name) => Math.max(room[name], needed[name] ?? 0));
    if (wanted.reduce((sum, bytes) => sum + bytes, 0) > MOST_BYTES) return false;
    names.forEach((name, i) => {
      at = Math.ceil(at / 16) * 16;
      place[name] = at;
      room[name] = wanted[i]!;
      at += room[name] + SLACK;
    });
    growTo(module, at);
    masked = undefined;
    return true;
  }

  const region = (name: Region, bytes: number): Uint8Array<ArrayBuffer> =>
    new Uint8Array(module.memory.buffer, place[name], bytes);

  /** The stored values to the region `raw`; false where that is too much. Throws `DamagedBlock`. */
  function unpack(packed: PackedBytes, size: number, count: number): boolean {
    const own = packed.packing === 'lz4' || packed.packing === 'bslz4';
    const layout = own ? blockLayout(packed, size) : null;
    const fits = layOut({
      raw: size,
      mask: 2 * count,
      pixels: 2 * count,
      ...(layout === null ? {} : { input: packed.bytes.length, planes: Math.min(layout.block, size) }),
    });
    if (!fits) return false;
    if (layout === null) {
      region('raw', size).set(unpackImage(packed, size));
      return true;
    }
    region('input', packed.bytes.length).set(packed.bytes);
    const code = module.blocks(
      place.input,
      packed.bytes.length,
      layout.start,
      place.raw,
      size,
      layout.block,
      packed.packing === 'lz4' ? 0 : packed.elementBytes,
      place.planes,
    );
    if (code !== 0) throw new DamagedBlock(PROBLEMS[code - 1]!(module));
    return true;
  }

  function setMask(mask: Uint8Array | null, count: number): void {
    if (masked === mask && maskedCount === count) return;
    const words = new Uint16Array(module.memory.buffer, place.mask, count);
    if (mask === null) words.fill(65535);
    else for (let i = 0; i < count; i++) words[i] = mask[i] === 0 ? 0 : 65535;
    [masked, maskedCount] = [mask, count];
  }

  return {
    bytes(packed, size) {
      return unpack(packed, size, 0) ? region('raw', size).slice() : unpackImage(packed, size);
    },
    pixels(packed, type, count, rule, mask, overloads) {
      const simple = simpleRule(rule, type, overloads);
      const element = PIXEL_BYTES[type];
      if (simple === null || !unpack(packed, count * element, count)) return null;
      setMask(mask, count);
      const { sentinel, largest, over } = simple;
      const marked = Number(sentinel !== null);
      module.convert(
        place.raw,
        element,
        count,
        place.pixels,
        place.mask,
        marked,
        sentinel ?? 0,
        largest,
        over,
      );
      return new Uint16Array(module.memory.buffer, place.pixels, count).slice();
    },
  };
}
