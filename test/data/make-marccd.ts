/** marCCD files: a TIFF directory at 8, the second header at 1024, 24×40 pixels at 4096. */

/** A file with `facts` (offset in the second header, value) beside its size, and every byte of its pixels 3. */
export function marccd(
  facts: readonly (readonly [offset: number, value: number])[] = [[104, 65535]],
  { bigEndian = false }: { readonly bigEndian?: boolean } = {},
): Buffer {
  const bytes = Buffer.alloc(4096 + 24 * 40 * 2, 3);
  const tags = [[256, 40], [257, 24], [258, 16], [259, 1], [262, 1], [273, 4096], [277, 1], [278, 24], [279, 1920]] as const; // prettier-ignore
  bytes.fill(0, 0, 4096).write('II*\0\b\0\0\0', 'latin1');
  bytes.writeUInt16LE(tags.length, 8);
  tags.forEach(([tag, value], i) => {
    bytes.writeUInt16LE(tag, 10 + 12 * i);
    bytes.writeUInt16LE(4, 12 + 12 * i);
    bytes.writeUInt32LE(1, 14 + 12 * i);
    bytes.writeUInt32LE(value, 18 + 12 * i);
  });
  for (const [at, value] of [[28, bigEndian ? 4321 : 1234], [80, 40], [84, 24], [88, 2], ...facts] as const) {
    if (bigEndian) bytes.writeUInt32BE(value, 1024 + at);
    else bytes.writeUInt32LE(value, 1024 + at);
  }
  return bytes;
}
