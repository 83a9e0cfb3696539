/**
 * The second header of marCCD and Rayonix files: 3072 bytes at offset 1024 of a TIFF whose pixels begin at 4096.
 *
 * Source: the marCCD header documentation (MarUSA); offsets as in ../shared notes of the project: data byte order at
 * 28, size at 80 and 84, depth at 88, saturation at 104, distance and beam at 640, pixel size at 772, wavelength at 908.
 */
import type { ByteSource } from './bytes.js';

const HEADER_AT = 1024;
const HEADER_BYTES = 3072;

/** Facts of the header, or null where the file is a plain TIFF: the header must name the shape of the image. */
export async function readMarHeader(
  bytes: ByteSource,
  width: number,
  height: number,
): Promise<Record<string, number> | null> {
  if (bytes.size < HEADER_AT + HEADER_BYTES) return null;
  const view = new DataView((await bytes.read(HEADER_AT, HEADER_BYTES)).buffer);
  const order = view.getUint32(28, true);
  const littleEndian = order === 1234;
  if (!littleEndian && view.getUint32(28, false) !== 4321 && order !== 4321) return null;
  const at = (offset: number): number => view.getUint32(offset, littleEndian);
  if (at(80) !== width || at(84) !== height) return null;
  const facts: Record<string, number> = { saturation: at(104) };
  const add = (name: string, value: number): void => {
    if (value > 0) facts[name] = value;
  };
  add('distanceMm', at(640) / 1000);
  add('beamXPixels', at(644) / 1000);
  add('beamYPixels', at(648) / 1000);
  add('pixelSizeXMm', at(772) / 1e6);
  add('pixelSizeYMm', at(776) / 1e6);
  add('wavelengthAngstrom', at(908) / 1e5);
  return facts;
}
