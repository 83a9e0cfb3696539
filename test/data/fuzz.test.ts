/**
 * Mutated files over every reader: bit flips, truncations, lying headers. Each must give frames or a `UserError`, end,
 * and take no more memory than a healthy file by a wide margin. A failure names file and seed: put the pair into
 * `fuzz-worker.ts`'s `mutate` to see it again.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startWorker } from '../../src/core/worker.js';
import { marccd } from './make-marccd.js';
import type { FuzzData, FuzzMessage, FuzzTarget } from './fuzz-worker.js';

const F = 'test/data/fixtures';
/** More mutations for a longer search: VETOC_FUZZ=1000 npx vitest run test/data/fuzz.test.ts */
const MUTATIONS = Number(process.env['VETOC_FUZZ'] ?? 100);
const FIRST_SEED = Number(process.env['VETOC_FUZZ_SEED'] ?? 1);
/** The longest that one file may take before it counts as a hang; loading the HDF5 library is part of it. */
const HANG_MS = 60_000;
/** A healthy run takes below 1 GB, most of it the compiled HDF5 library; a lying size would take 2 GB or more. */
const MOST_BYTES = 1.8e9;

const folder = mkdtempSync(join(tmpdir(), 'vetoc-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function target(name: string, dataset: string | null = null): FuzzTarget {
  const file = `${F}/${name}`;
  return { file, scratch: join(folder, `mutated-${basename(name)}`), dataset };
}

const PLAIN = [
  ...[
    'pages.tif',
    'predictor_tiles.tif',
    'strips_be.tif',
    'big.tif',
    'lzw.tif',
    'codec_packbits.tif',
    'codec_zstd.tif',
    'codec_jpeg.tif',
    'small.cbf',
    'packed.cbf',
    'packed_v2.cbf',
    'packed_modules.cbf',
    'packed_images.cbf',
    'packed_images_v2.cbf',
    'three.edf',
    'big_endian.img',
  ],
  ...['big_endian.img.gz', 'big_endian.img.bz2', 'modules.npy', 'big_endian.npy', 'grey8.png', 'grey16.png'],
];
const HDF5 = [
  ...['types.h5#/be_f4', 'unfinished.h5', 'growing.cxi', 'smalldata.h5', 'eiger4d_master.h5', 'swmr.h5'],
  ...[
    'bad_mask.h5',
    'bad_class.h5',
    'RAW-R0007-AGIPD00-S00000.h5',
    'vds_master.h5',
    'filters.h5#/gzip_across_frames',
  ],
];
const CODECS = [
  'blosc_zstd',
  'blosc2_lz4',
  'zstd',
  'bzip2',
  'lz4',
  'lzf',
  'bitshuffle_zstd',
  'bitshuffle_lz4_block128',
];

function toTarget(name: string): FuzzTarget {
  const [file, dataset] = name.split('#');
  return target(file!, dataset ?? null);
}

/** A file that `bytes` is the healthy form of. */
function made(name: string, bytes: Uint8Array | string): FuzzTarget {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return { file, scratch: join(folder, `mutated-${name}`), dataset: null };
}

const MADE = [made('made.mccd', marccd()), made('module.bin', Buffer.alloc(512 * 1024 * 2, 7))];
const beside = (as: 'labels' | 'geometry', one: FuzzTarget): FuzzTarget => ({
  ...one,
  beside: { frames: `${F}/pages.tif`, as },
});
const TEXTS = [
  beside(
    'labels',
    made(
      'labels.csv',
      'file,index,class,split,group\npages.tif,1,Weak,test,"c 5"\npages.tif,0,Blank,train,a\n',
    ),
  ),
  beside(
    'labels',
    made(
      'out.stream',
      [0, 1]
        .flatMap((n) => [
          '----- Begin chunk -----',
          `Image filename: ${F}/pages.tif`,
          `Event: //${n}`,
          'indexed_by = xds',
          '----- End chunk -----',
          '',
        ]) // prettier-ignore
        .join('\n'),
    ),
  ),
  beside('labels', made('indexed.lst', `${F}/pages.tif //1\n${F}/pages.tif //2\n`)),
  beside('geometry', target('two_panels.geom')),
];

type Done = Extract<FuzzMessage, { kind: 'done' }>;

/** Runs the targets in a thread and ends it when one file takes too long. */
async function fuzz(
  targets: readonly FuzzTarget[],
): Promise<{ readonly done: Done; readonly defects: string[] }> {
  const data: FuzzData = { targets, mutations: MUTATIONS, firstSeed: FIRST_SEED };
  const worker = startWorker('./fuzz-worker', import.meta.url, { workerData: data });
  const defects: string[] = [];
  let trying = '';
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const watch = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => reject(new Error(`hangs at ${trying}`)), HANG_MS);
      };
      watch();
      worker.on('error', (error) => reject(new Error(`the thread died at ${trying}`, { cause: error })));
      worker.on('message', (message: FuzzMessage) => {
        watch();
        if (message.kind === 'trying') trying = `${message.target} seed ${message.seed}`;
        else if (message.kind === 'defect')
          defects.push(`${message.target} seed ${message.seed}: ${message.what}`);
        else resolve({ done: message, defects });
      });
    });
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}

describe('mutated files', () => {
  it.each([
    ['plain formats', [...PLAIN.map(toTarget), ...MADE]],
    ['labels and geometries', TEXTS],
    ['HDF5 structures', HDF5.map(toTarget)],
    ['HDF5 codecs', CODECS.map((name) => target('filters.h5', `/${name}`))],
  ])(
    'of %s are read or refused in words, without a hang or a flood of memory',
    async (_, targets) => {
      const { done, defects } = await fuzz(targets);
      expect(defects).toEqual([]);
      expect(done.read + done.refused).toBe(targets.length * MUTATIONS);
      expect(done.refused).toBeGreaterThan(targets.length);
      expect(done.peakBytes, done.slowest).toBeLessThan(MOST_BYTES);
    },
    600_000,
  );
});
