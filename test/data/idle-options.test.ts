/** Options that would have no effect are refused or said: they were meant to have one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeNote, warningsOf } from '../../src/data/notes.js';
import { openFrames, type OpenFramesOptions } from '../../src/data/open.js';
import { writeHdf5 } from './make-hdf5.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-idle-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const EDF = join(folder, 'a.edf');
let [plain, masked, channels] = ['', '', ''];
beforeAll(async () => {
  const header = '{\nByteOrder = LowByteFirst ;\nDataType = UnsignedByte ;\nDim_1 = 8 ;\nDim_2 = 8 ;\n';
  writeFileSync(EDF, Buffer.concat([Buffer.from(`${header.padEnd(510)}}\n`), Buffer.alloc(64, 5)]));
  const frames = { data: new Uint16Array(128).fill(5), shape: [2, 8, 8] };
  plain = await writeHdf5(join(folder, 'plain.h5'), { '/entry/data/data': frames });
  masked = await writeHdf5(join(folder, 'masked.h5'), {
    '/entry/data/data': frames,
    '/entry/data/mask': { data: new Uint8Array(64).fill(4, 0, 3), shape: [8, 8] },
  });
  channels = await writeHdf5(join(folder, 'channels.h5'), {
    '/entry/data/data': { data: new Uint16Array(256).fill(5), shape: [2, 2, 8, 8] },
  });
});

async function warningsFor(file: string, options: OpenFramesOptions): Promise<string> {
  const source = await openFrames(file, options);
  await source.close();
  return warningsOf(source.notes).map(describeNote).join('\n');
}

describe('an option without effect', () => {
  it('is a path into a file that has none', async () => {
    await expect(openFrames(`${EDF}#/data`)).rejects.toThrow(
      /a\.edf: #\/data: is EDF, which has no datasets — leave the path out: only HDF5/,
    );
  });

  it('is a channel of frames without channels', async () => {
    await expect(openFrames(EDF, { channel: 1 })).rejects.toThrow(/--channel: is 1, but EDF has no channels/);
    await expect(openFrames(plain, { channel: 1 })).rejects.toThrow(
      /--channel: is 1, but \/entry\/data\/data \(2×8×8\) has no channels/,
    );
    expect(await warningsFor(channels, { channel: 1 })).toBe('');
  });

  it('is what bits and values of masks mean where there is no mask', async () => {
    for (const file of [plain, EDF]) {
      expect(await warningsFor(file, { maskBits: 4 })).toMatch(
        /--mask-bits: has no effect: the file carries no mask/,
      );
      expect(await warningsFor(file, { mask: 'own:bad' })).toMatch(/--mask own:bad: has no effect/);
      expect(await warningsFor(file, { mask: 'own' })).toBe('');
    }
    expect(await warningsFor(masked, { maskBits: 4 })).toBe('');
    expect(await warningsFor(masked, { mask: 'own:bad' })).toBe('');
  });
});
