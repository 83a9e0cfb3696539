/**
 * Pages of TIFF files that are packed or laid out in another way than plainly or with deflate and LZW, unpacked by geotiff:
 * PackBits, JPEG, Zstd, odd numbers of bits, half floats, floating-point predictors.
 *
 * The page has been checked (tiff-pages.ts), so its size is known. The library is loaded when the first such page is read.
 */
import type * as Geotiff from 'geotiff';
import { UserError } from '../../core/errors.js';
import { PIXEL_BYTES, pixelArray, type PixelArray } from '../pixels.js';
import type { ByteSource } from './bytes.js';
import type { TiffPage } from './tiff-pages.js';

type Library = typeof Geotiff;

/** Zstandard's number among the compressions of TIFF. */
const ZSTD = 50000;

let library: Promise<Library> | undefined;

/** The library, with Zstd of its own replaced: that one reads damaged data without end. */
async function load(): Promise<Library> {
  const [loaded, { ZSTDDecoder }] = await Promise.all([import('geotiff'), import('zstddec')]);
  const zstd = new ZSTDDecoder();
  await zstd.init();
  class ZstdPieces extends loaded.BaseDecoder {
    override decodeBlock(packed: ArrayBufferLike): ArrayBufferLike {
      const { tileWidth, tileHeight, bitsPerSample, samplesPerPixel = 1 } = this.parameters;
      const bits = typeof bitsPerSample === 'number' ? bitsPerSample : Math.max(...Array.from(bitsPerSample));
      const size = tileWidth * tileHeight * samplesPerPixel * Math.ceil(bits / 8);
      const unpacked = zstd.decode(new Uint8Array(packed), size);
      if (unpacked.length === 0) throw new Error('a piece is no Zstd data');
      return unpacked.buffer;
    }
  }
  loaded.addDecoder(ZSTD, () => Promise.resolve(ZstdPieces));
  return loaded;
}

/** A reader of pages of one file. */
export function libraryReader(bytes: ByteSource): (page: TiffPage) => Promise<PixelArray> {
  let opened: Promise<Geotiff.GeoTIFF> | undefined;
  const open = async (): Promise<Geotiff.GeoTIFF> => {
    library ??= load();
    const { fromArrayBuffer } = await library;
    return fromArrayBuffer((await bytes.read(0, bytes.size)).buffer);
  };
  return async (page) => {
    try {
      opened ??= open();
      const image = await (await opened).getImage(page.directory);
      const [samples] = await image.readRasters({ samples: [0], interleave: false });
      return ofType(samples as ArrayLike<number>, page);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`, {
        file: bytes.file,
        remedy: 'check that it was copied whole, or save it uncompressed or with deflate',
      });
    }
  };
}

/** The samples in the type that the page was said to have. */
function ofType(samples: ArrayLike<number>, { type, width, height }: TiffPage): PixelArray {
  if (samples.length !== width * height) throw new Error(`${samples.length} pixels for ${height}×${width}`);
  const out = pixelArray(type, new ArrayBuffer(samples.length * PIXEL_BYTES[type]));
  if (out instanceof BigInt64Array || out instanceof BigUint64Array) throw new Error('64-bit integers');
  out.set(samples);
  return out;
}
