/** `vetoc export hls`, `export weights`, `estimate` and `targets`, in this process. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imageWords, weightLayoutSchema } from '../../src/backends/hls/weight-layout.js';
import { RUN_FILES } from '../../src/run/folder.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { runCli } from '../cli/run-cli.js';
import { writeRun } from '../cli/written-run.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { writeFiles } from './project.js';

let folder = '';
let run = '';
const firmware = (): string => join(folder, 'firmware');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-export-'));
  run = join(folder, 'run');
  const fixed = sampleFixedGraph();
  await writeRun(run, fixed, dequantize(fixed));
  const frames = sampleFrames(2, 40 * 36, 3);
  const bytes = Buffer.concat(frames.map((f) => Buffer.from(f.buffer)));
  writeFiles(run, { [RUN_FILES.goldenFrames]: bytes });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('vetoc export', () => {
  it('writes firmware with reloadable weights, and then the weights of a run for it', async () => {
    expect(await runCli('export', 'hls', run, '--reloadable', '--out', firmware())).toMatchObject({
      code: 0,
    });
    const layout = weightLayoutSchema.parse(
      JSON.parse(readFileSync(join(firmware(), 'weights.json'), 'utf8')),
    );
    const image = join(folder, 'weights.bin');
    const result = await runCli('export', 'weights', run, '--firmware', firmware(), '--out', image, '--json');
    expect(JSON.parse(result.stdout)).toMatchObject({ words: imageWords(layout) });
    // The same network: what the firmware has built in.
    expect(readFileSync(image).equals(readFileSync(join(firmware(), 'golden/reload/built_in.bin')))).toBe(
      true,
    );
    const again = await runCli('export', 'weights', run, '--firmware', firmware(), '--out', image);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('already exists') as unknown });
  });

  it('refuses a link that no firmware can have, by its option, and writes nothing', async () => {
    const out = join(folder, 'no-link');
    const ask = async (...options: string[]) => {
      const { code, stderr } = await runCli('export', 'hls', run, '--out', out, ...options);
      return `${code} ${stderr}`;
    };
    expect(await ask('--idle-cycles', '0')).toMatch(/^2 .*--idle-cycles: 0 cycles are no idle time/);
    expect(await ask('--framing', 'axi')).toMatch(/^2 .*--framing: "axi" is none of ssi, tlast/);
    expect(await ask('--overflow', 'drop')).toMatch(
      /^2 .*--input-fifo: a detector that cannot wait needs a FIFO/,
    );
    expect(await ask('--number-step', 'x')).toMatch(/^2 .*--number-step: "x" is not a whole number/);
    expect(existsSync(out)).toBe(false);
  });

  it('refuses weights for firmware whose weights are constants, and says what to do', async () => {
    const result = await runCli('export', 'weights', run, '--out', join(folder, 'never.bin'));
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/weights of this firmware are constants.*vetoc export hls --reloadable/);
  });

  it('refuses a layout that is damaged, and names the field', async () => {
    const broken = join(folder, 'broken');
    writeFiles(broken, { 'weights.json': '{"version":2,"design":-1,"structure":[],"parts":[]}' });
    const result = await runCli(
      'export',
      'weights',
      run,
      '--firmware',
      broken,
      '--out',
      join(folder, 'never.bin'),
    );
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('design') as unknown });
    writeFileSync(join(broken, 'weights.json'), '{');
    expect(await runCli('export', 'weights', run, '--firmware', broken)).toMatchObject({ code: 2 });
  });
});

describe('vetoc estimate', () => {
  it('says whether the design fits, and the next larger and smaller board', async () => {
    const { code, stdout } = await runCli('estimate', run, '--target', 'kcu1500');
    expect(code).toBe(0);
    expect(stdout).toMatch(/It fits; next larger: alveo-u50 \(fits\), next smaller: zcu111 \(fits\)\./);
    expect(stdout).toMatch(
      /Frame rate [\d,]+ frames\/s \([\d,]+ cycles a frame\), limited by the pixel stream\./,
    );
    const least = await runCli('estimate', run, '--target', 'pynq-z2');
    expect(least.stdout).toContain('no smaller board is known');
  });
});

describe('vetoc targets', () => {
  it('says which figures of a board were checked, and against what', async () => {
    const { stdout } = await runCli('targets', 'kcu1500');
    expect(stdout).toMatch(/Checked: dsp, bram36 against /);
    expect(stdout).toContain('from memory');
  });
});
