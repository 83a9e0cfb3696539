/** `vetoc live` on raw words: the decisions of `vetoc evaluate --raw`, maps that are exchanged, and what does not fit them. */
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluateOutcome } from '../../src/index.js';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { NO_RULE } from '../../src/data/pixels.js';
import { openFrames } from '../../src/data/open.js';
import { openMaps } from '../../src/data/raw/maps-file.js';
import { putMaps } from '../../src/data/raw/maps-writer.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { format } from '../../src/fixed/format.js';
import { seenPixels } from '../../src/live/decide/words.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { RUN_FILES } from '../../src/run/folder.js';
import { runCli } from '../cli/run-cli.js';
import { writeRun } from '../cli/written-run.js';
import { writeHdf5 } from '../data/make-hdf5.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { imageMessage, startEmulator, startMessageOf, type EmulatedSeries } from './emulator.js';
import { scoresOf, startLiveOf } from './live-process.js';

const [HEIGHT, WIDTH, COUNT] = [40, 36, 12];
const graph: FixedGraph = { ...sampleFixedGraph({ height: HEIGHT, width: WIDTH }), threshold: 0 };
const ENERGY = ['--photon-energy', '9537'];

let folder = '';
const at = (name: string): string => join(folder, name);
let words: EmulatedSeries = { id: 5, height: HEIGHT, width: WIDTH, frames: [] };
const bad = Uint32Array.from({ length: HEIGHT * WIDTH }, (_, i) => Number(i % 7 === 3));

/** The true maps with pedestals that are `off` ADU too high in the first gain stage. */
async function writeMaps(name: string, off: number, serial?: string): Promise<void> {
  const stored = await openMaps(at('words.truth.h5'));
  const { pedestals, status, gains } = stored.cell(0);
  stored.close();
  const writer = await createHdf5(at(name));
  putMaps(
    writer,
    { detector: 'jungfrau', made: new Date(), ...(serial === undefined ? {} : { serial }) },
    {
      pedestals: pedestals.map((map, stage) => (stage === 0 ? map.map((value) => value + off) : map)),
      pixel_status: status,
      pixel_gain: gains!,
    },
    [HEIGHT, WIDTH],
  );
  await writer.commit();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-live-raw-'));
  await writeRun(at('run'), graph, dequantize(graph));
  await mkdir(join(at('run'), 'onnx'), { recursive: true });
  await writeFile(join(at('run'), RUN_FILES.fixedOnnx), emitFixedOnnx(graph));
  const size = ['--size', `${HEIGHT}x${WIDTH}`, '--workers', '0', '--variety', 'standard'];
  const made = await runCli(
    'simulate',
    at('words.h5'),
    '--count',
    String(COUNT),
    '--raw',
    'jungfrau',
    ...size,
  );
  expect(made.code, made.stderr).toBe(0);
  const source = await openFrames(at('words.h5'));
  const frames: Uint16Array[] = [];
  for (let i = 0; i < COUNT; i++) frames.push((await source.read(i)).pixels);
  await source.close();
  words = { ...words, frames, pixelMask: bad };
  await writeMaps('first.h5', 0);
  await writeMaps('second.h5', 300);
  await writeHdf5(at('mask.h5'), { '/mask': { data: Uint8Array.from(bad), shape: [HEIGHT, WIDTH] } });
}, 300_000);
afterAll(() => rm(folder, { recursive: true }));

/** What `vetoc evaluate --raw` says with these maps. */
async function evaluated(maps: string, ...more: readonly string[]): Promise<readonly number[]> {
  const asked = ['evaluate', at('run'), '--raw', at('words.h5'), '--maps', at(maps), ...ENERGY, ...more];
  const { code, stdout, stderr } = await runCli(...asked, '--json');
  expect(code, stderr).toBe(0);
  return (JSON.parse(stdout) as EvaluateOutcome).decisions.map(({ score }) => score);
}

const inTime = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe('vetoc live on raw words', () => {
  it('decides as vetoc evaluate --raw does, by other maps from SIGHUP on', async () => {
    const masked = ['--mask', `bad:${at('mask.h5')}`];
    const [first, second] = [await evaluated('first.h5', ...masked), await evaluated('second.h5', ...masked)];
    expect(first.filter((score, i) => score !== second[i]).length).toBeGreaterThan(COUNT / 2);
    await copyFile(at('first.h5'), at('now.h5'));
    const emulator = await startEmulator();
    const address = `dectris://${emulator.host}`;
    const live = startLiveOf(
      at('run'),
      '--from',
      address,
      '--maps',
      at('now.h5'),
      ...ENERGY,
      '--processes',
      '2',
    );
    try {
      await emulator.send([startMessageOf(words), ...[0, 1, 2, 3, 4].map((i) => imageMessage(words, i))]);
      while (live.lines() < 5) await inTime();
      // Maps that are none change nothing.
      await writeFile(at('now.h5'), 'no maps');
      live.child.kill('SIGHUP');
      await live.said('goes on');
      expect(live.stderr()).toMatch(/now\.h5: holds no maps/);
      await emulator.send([imageMessage(words, 5)]);
      while (live.lines() < 6) await inTime();
      await copyFile(at('second.h5'), at('next.h5'));
      await rename(at('next.h5'), at('now.h5'));
      live.child.kill('SIGHUP');
      await live.said('now.h5 read again');
      await emulator.send([6, 7, 8, 9, 10, 11].map((i) => imageMessage(words, i)));
      while (live.lines() < COUNT) await inTime();
      live.child.kill('SIGTERM');
      const { code, stdout, stderr } = await live.done;
      expect(code, stderr).toBe(0);
      expect(scoresOf(stdout)).toEqual([...first.slice(0, 6), ...second.slice(6)]);
    } finally {
      emulator.close();
      live.child.kill('SIGKILL');
    }
  }, 300_000);

  it('keeps frames of another detector than the maps', async () => {
    await writeMaps('named.h5', 0, 'M1');
    const emulator = await startEmulator();
    const asked = ['--maps', at('named.h5'), ...ENERGY, '--processes', '1', '--to', '-', at('kept.cxi')];
    const live = startLiveOf(at('run'), '--from', `dectris://${emulator.host}`, ...asked);
    try {
      const [other, own] = [{ ...words, id: 6, serial: 'M2' }, { ...words, id: 7, serial: 'M1' }]; // prettier-ignore
      await emulator.send([startMessageOf(other), imageMessage(other, 0)]);
      await emulator.send([startMessageOf(own), imageMessage(own, 1)]);
      while (live.lines() < 2) await inTime();
      live.child.kill('SIGTERM');
      const { code, stdout, stderr } = await live.done;
      expect(code, stderr).toBe(0);
      const lines = stdout.trimEnd().split('\n');
      expect(lines[0]).toMatch(
        /"problem":"frames of the detector M2, the maps are of M1","keep":true,"reason":"unfit"/,
      );
      const known = await evaluated('named.h5', '--mask', `bad:${at('mask.h5')}`);
      expect(scoresOf(stdout)[1]).toBe(known[1]);
      expect(stderr).toMatch(/series 6: .*the maps are of M1: all are kept/);
    } finally {
      emulator.close();
      live.child.kill('SIGKILL');
    }
  }, 300_000);

  it('keeps images of values that are no words, and hides what is masked behind the calibration', () => {
    const formats = { pedestal: format(false, 16, 16), factor: format(true, 4, 4) };
    const integers = {
      pedestals: Int32Array.of(500, 500, 500, 500),
      factors: Int32Array.of(-1, -1, -1, 0),
      thresholds: new Int32Array(0),
    };
    const seen = seenPixels({ detector: 'integrating', formats, integers, serial: null });
    const setup = { series: 0, rule: { ...NO_RULE, saturation: 100 }, overloads: 'mask' } as const;
    const image = { height: 1, width: 4, pixels: Uint16Array.of(200, 0, 0, 0) };
    const size = [1, 4] as const;
    expect([...seen(image, { ...setup, mask: null }, size)]).toEqual([300, 500, 500, 0]);
    const mask = Uint8Array.of(1, 0, 1, 1);
    const own = { ...image, mask: Uint8Array.of(1, 1, 0, 1) };
    expect([...seen(own, { ...setup, mask }, size)]).toEqual([300, 0, 0, 0]);
    const packed = { packing: 'none', elementBytes: 4, bytes: new Uint8Array(16) } as const;
    const wide = { height: 1, width: 4, type: 'uint32', packed } as const;
    expect(() => seen(wide, { ...setup, mask: null }, size)).toThrow(/its values are uint32, not raw words/);
  });

  it('reads files of a folder as words, and writes kept frames as counts', async () => {
    await mkdir(at('night'));
    await copyFile(at('words.h5'), join(at('night'), 'a.h5'));
    const asked = ['--maps', at('first.h5'), ...ENERGY, '--processes', '1', '--frames', String(COUNT)];
    const live = startLiveOf(
      at('run'),
      '--from',
      at('night'),
      ...asked,
      '--threshold',
      '-100000',
      '--to',
      '-',
      at('all.cxi'),
    );
    try {
      const { code, stdout, stderr } = await live.done;
      expect(code, stderr).toBe(0);
      expect(scoresOf(stdout)).toEqual(await evaluated('first.h5'));
    } finally {
      live.child.kill('SIGKILL');
    }
    const rawMaps = { maps: at('first.h5'), photonEnergyEv: 9537 };
    const [kept, counts] = [
      await openFrames(at('all-0001.cxi')),
      await openFrames(at('words.h5'), { rawMaps }),
    ];
    expect(kept.count).toBe(COUNT);
    for (let i = 0; i < COUNT; i++)
      expect((await kept.read(i)).pixels).toEqual((await counts.read(i)).pixels);
    await kept.close();
    await counts.close();
  }, 300_000);

  it('is refused in words where there are no words, or no maps of them', async () => {
    const live = async (from: string, ...more: string[]): Promise<string> => {
      const { code, stderr } = await runCli('live', at('run'), '--from', from, ...more);
      return `exit ${code}: ${stderr}`;
    };
    const maps = ['--maps', at('first.h5')];
    expect(await live('simulate://?frames=1', ...maps, ...ENERGY)).toMatch(
      /^exit 2: .*--maps: gives counts, not raw words/,
    );
    expect(await live('karabo://127.0.0.1:1', ...maps, ...ENERGY)).toMatch(
      /^exit 2: .*--maps: gives the gain of a word beside it/,
    );
    expect(await live('dectris://127.0.0.1:1', ...maps)).toMatch(
      /^exit 2: .*--photon-energy: counts of photons/,
    );
    expect(await live('dectris://127.0.0.1:1', ...ENERGY)).toMatch(/^exit 2: /);
    const writer = await createHdf5(at('agipd.h5'));
    const map = [0, 1, 2].map((k) => new Float32Array(HEIGHT * WIDTH).fill(5000 + 1000 * k));
    putMaps(
      writer,
      { detector: 'agipd' },
      { pedestals: map, pixel_status: map.map((m) => new Uint8Array(m.length)), thresholds: map.slice(1) },
      [HEIGHT, WIDTH],
    );
    await writer.commit();
    expect(
      await live('dectris://127.0.0.1:1', '--maps', at('agipd.h5'), '--gain', '7.7,0.22,0.052', ...ENERGY),
    ).toMatch(/^exit 2: .*agipd\.h5: --maps: has maps of AGIPD, whose frames bring words of gain/);
  });
});
