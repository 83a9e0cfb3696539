/**
 * HDF5 error stacks turned into a sentence.
 *
 * A stack looks like `#003: H5Fsuper.c line 456 in H5F__super_open(): file signature not found`; the deepest entry
 * is the cause. Filter numbers: https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md
 */

const FILTER_NAMES: Readonly<Record<number, string>> = {
  1: 'gzip',
  2: 'shuffle',
  3: 'fletcher32',
  4: 'szip',
  5: 'nbit',
  6: 'scale-offset',
  307: 'bzip2',
  32000: 'LZF',
  32001: 'Blosc',
  32004: 'LZ4',
  32008: 'bitshuffle',
  32013: 'ZFP',
  32015: 'Zstd',
  32019: 'JPEG',
  32022: 'BitGroom',
  32023: 'BitRound',
  32026: 'Blosc2',
};

/** The name of an HDF5 filter number, or `filter N`. */
export function filterName(id: number): string {
  return FILTER_NAMES[id] ?? `filter ${id}`;
}

/** One filter of a dataset's pipeline in words, such as `gzip 6` or `bitshuffle-LZ4 (blocks of 2048)`. */
export function describeFilter(id: number, values: readonly number[]): string {
  if (id === 1) return `gzip ${values[0] ?? ''}`.trim();
  if (id === 32008) {
    const codec = values[4] === 2 ? '-LZ4' : values[4] === 3 ? '-Zstd' : '';
    const block = values[3] === undefined || values[3] === 0 ? '' : ` (blocks of ${values[3]})`;
    return `bitshuffle${codec}${block}`;
  }
  if (id === 32001) {
    const codecs = ['BloscLZ', 'LZ4', 'LZ4HC', 'Snappy', 'zlib', 'Zstd'];
    const codec = codecs[values[6] ?? 0];
    return codec === undefined ? 'Blosc' : `Blosc-${codec}`;
  }
  return filterName(id);
}

/** The cause in `stack`, in words. */
export function describeStack(stack: string): string {
  const truncated = /truncated file: eof = (\d+), sblock->base_addr = (\d+), stored_eof = (\d+)/.exec(stack);
  if (truncated !== null) {
    return `the file is truncated: it has ${truncated[1]} bytes and its header says ${truncated[3]}`;
  }
  if (stack.includes('file signature not found')) return 'not an HDF5 file (the HDF5 signature is missing)';
  const filter = /required filter '([^']*)' is not registered/.exec(stack);
  if (filter !== null) return `the pixels need the HDF5 filter '${filter[1]}', which vetoc does not have`;
  const plugin = /can't (?:open|find) plugin[^\n]*/.exec(stack);
  if (plugin !== null) return `the pixels need an HDF5 filter that vetoc does not have (${plugin[0]})`;
  if (stack.includes('Fletcher32')) return 'a chunk is corrupt (its checksum does not match)';
  if (/inflate\(\) failed|filter returned failure|data pipeline read failed|LZ4|bitshuffle/i.test(stack)) {
    return 'a chunk is corrupt (it does not decompress)';
  }
  if (/file is already open for write|consistency flag|SWMR/i.test(stack)) {
    return 'the file is still open for writing, or its writer was killed';
  }
  // HDF5 tells what the system answered to a read or write as "errno = 28, error message = '…'".
  const system = /errno = \d+, error message = '([^']*)'/.exec(stack);
  if (system !== null) return `the system says: ${system[1]!.toLowerCase()}`;
  const entries = [...stack.matchAll(/#\d+: [^\n]* in \w+\(\): ([^\n]*)/g)].map((entry) => entry[1] ?? '');
  const cause = entries.at(-1);
  return cause === undefined ? 'the HDF5 library failed without a reason' : `HDF5 says: ${cause}`;
}
