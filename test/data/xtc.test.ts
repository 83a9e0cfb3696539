/**
 * XTC2 is left to psana: the command that the refusal gives is run as printed, against a stand-in for psana that has the
 * documented interface of psana 2 (`DataSource`, `smalldata`, `Detector`, `raw.calib`) and writes small data as it does.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openFrames } from '../../src/data/open.js';
import { isMissing, testTool } from '../tools.js';

const bin = dirname(testTool('exfel'));
const folder = mkdtempSync(join(tmpdir(), 'vetoc-xtc-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Three events, the second of which lacks the detector. */
const PSANA = `
import h5py, numpy as np, os
class DataSource:
    def __init__(self, files): assert os.path.getsize(files) > 0
    def smalldata(self, filename): return SmallData(filename)
    def runs(self): yield Run()
class Run:
    def Detector(self, name): assert name == 'epix100'; return type('Detector', (), {'raw': Raw()})()
    def events(self): return iter(range(3))
class Raw:
    def calib(self, event): return None if event == 1 else np.full((8, 9), 2.5 + 7 * event, 'float32')
class SmallData:
    def __init__(self, filename): self.filename, self.rows = filename, []
    def event(self, event, **columns): self.rows.append((event, columns))
    def done(self):
        with h5py.File(self.filename, 'w') as file:
            file['timestamp'] = np.array([1000 + event for event, _ in self.rows], 'uint64')
            for name in self.rows[0][1]: file[name] = np.stack([columns[name] for _, columns in self.rows])
`;

async function refusal(name: string): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, Buffer.alloc(64, 1));
  return openFrames(path).then(
    () => 'was read',
    (error: Error) => error.message,
  );
}

describe('files of LCLS', () => {
  it('are refused by name: XTC for Cheetah or OM, whose CXI files are read', async () => {
    expect(await refusal('e1-r2-s00-c00.xtc')).toMatch(/XTC file of LCLS,.*psana.*CXI/);
  });

  it.skipIf(isMissing(bin))(
    'are refused with a command that converts XTC2, and what that writes is read',
    async () => {
      const message = await refusal('r0007.xtc2');
      const command = /(python -c ".*") and give (\S+)$/.exec(message);
      expect(message).toMatch(/XTC2 file of LCLS-II/);
      mkdirSync(join(folder, 'psana'));
      writeFileSync(join(folder, 'psana', '__init__.py'), PSANA);
      const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, PYTHONPATH: folder };
      const line = command![1]!.replace('DETECTOR', 'epix100');
      const done = spawnSync('sh', ['-c', line], { cwd: folder, env, encoding: 'utf8' });
      expect([done.status, done.stderr]).toEqual([0, '']);
      const source = await openFrames(join(folder, command![2]!));
      expect([source.count, source.height, source.width]).toEqual([2, 8, 9]);
      expect((await source.read(0)).pixels[0]).toBe(2);
      expect((await source.read(1)).pixels[71]).toBe(16);
      await source.close();
      // As printed, with the placeholder left in, it does not pretend to have worked.
      expect(() => execFileSync('sh', ['-c', command![1]!], { cwd: folder, env, stdio: 'pipe' })).toThrow();
    },
  );
});
