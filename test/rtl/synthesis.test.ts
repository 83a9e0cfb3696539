/** `vetoc estimate --synthesize`: the cells that Yosys makes beside the estimate, kept by the hash of the sources. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SynthesisReport } from '../../src/backends/backend.js';
import { areaOf, totalArea } from '../../src/backends/rtl/area/design.js';
import { MODULES } from '../../src/backends/rtl/area/modules.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseInstances, parseStatistics, wholeCells } from '../../src/backends/rtl/synthesis/cells.js';
import { familyOf, resourcesOf } from '../../src/backends/rtl/synthesis/families.js';
import { findYosys } from '../../src/backends/rtl/synthesis/yosys.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { loadFpga } from '../../src/targets/load.js';
import { runCli, type CliResult } from '../cli/run-cli.js';
import { writeRun } from '../cli/written-run.js';
import { networkBuilder } from '../hls/networks.js';
import { writeFiles } from '../hls/project.js';
import { AREA_NETWORKS, isNear, KINDS, measuredAreas } from './areas.js';
import { rtlDesign } from './project.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-synthesis-'));
const run = join(folder, 'run');
/** A network that Yosys is done with in a minute. */
function network() {
  const n = networkBuilder(4);
  const x = n.conv('conv', n.input(12, 12, 2), 2, 3, 1, 1);
  return n.finish('small', n.dense('logits', n.globalAvg('mean', x), 2, true));
}
beforeAll(async () => {
  const fixed = network();
  await writeRun(run, fixed, dequantize(fixed));
  writeFiles(join(run, 'rtl'), emitRtl(rtlDesign(fixed)));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const estimate = (...options: readonly string[]): Promise<CliResult> =>
  runCli('estimate', run, '--synthesize', ...options);

describe('cells of Yosys', () => {
  // As 0.23 writes it: the whole design as text behind the modules, which is no JSON.
  const text = `{
   "creator": "Yosys 0.23",
   "modules": {
      "\\\\top": {
         "num_cells_by_type": {
            "$paramod$1\\\\leaf": 2,
            "LUT6": 1
         }
      },
      "$paramod$1\\\\leaf": {
         "num_cells_by_type": {
            "FDRE": 3,
            "RAM32M16": 1,
            "RAMB18E2": 1
         }
      }
   },
   top  1
`;
  it('are counted through all modules, and weighed by what they take of the part', async () => {
    const modules = parseStatistics(text);
    const cells = wholeCells('top', modules);
    expect(cells).toEqual({ FDRE: 6, RAM32M16: 2, RAMB18E2: 2, LUT6: 1 });
    expect(resourcesOf(cells, familyOf(await loadFpga('kcu1500')))).toEqual({
      lut: 17,
      ff: 6,
      dsp: 0,
      bram36: 1,
    });
  });

  it('stand under the instances that have them', () => {
    const dump =
      '  cell $paramod$1\\leaf \\conv_window\n    connect \\clk \\clk\n  end\n  cell \\delay \\v\n  end\n';
    expect([...parseInstances(dump)]).toEqual([
      ['conv_window', '$paramod$1\\leaf'],
      ['v', 'delay'],
    ]);
  });
});

describe('vetoc estimate --synthesize', () => {
  it('puts cells beside the estimate, keeps them by the hash of the sources, and tells them in the project', async () => {
    const first = await estimate();
    expect(first.stderr).toContain('Synthesize');
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/synthesized by Yosys \S+ for xcu: estimate \/ cells/);
    expect(first.stdout).toContain('By these cells it fits');
    const [kept] = readdirSync(join(run, 'synthesis'));
    const report = JSON.parse(readFileSync(join(run, 'synthesis', kept!), 'utf8')) as SynthesisReport;
    // The parts are the whole, and every stage is there.
    for (const kind of KINDS) {
      expect(report.parts.reduce((sum, p) => sum + p.synthesized[kind], 0)).toBe(
        report.total.synthesized[kind],
      );
      expect(isNear(report.total.estimated[kind], report.total.synthesized[kind]), kind).toBe(true);
    }
    expect(report.parts.map((p) => p.part)).toEqual(
      expect.arrayContaining(['conv', 'mean', 'logits', 'links']),
    );
    const project = JSON.parse(readFileSync(join(run, 'rtl/report.json'), 'utf8')) as { synthesis: unknown };
    expect(project.synthesis).toEqual(report);
    const lut = report.total.synthesized.lut.toLocaleString('en-US');
    expect(readFileSync(join(run, 'rtl/README.md'), 'utf8')).toMatch(
      new RegExp(`\\| LUT \\| [\\d,]+ \\| ${lut} \\|`),
    );
    expect(readFileSync(join(run, 'report/area.html'), 'utf8')).toContain(`>${lut}<`);

    // Known again without a synthesis.
    const again = await estimate('--json');
    expect(again.stderr).not.toContain('Synthesize');
    expect((JSON.parse(again.stdout) as { synthesis: unknown }).synthesis).toEqual({
      report,
      known: true,
      projects: ['rtl'],
    });
  }, 600_000);

  it('refuses a board of a family that Yosys does not know, and names the nearest', async () => {
    const { code, stderr } = await estimate('--target', 'vck190');
    expect(code).toBe(2);
    expect(stderr).toMatch(/--synthesize: Yosys has no cells of the family versal.*--target zcu102/s);
  });

  it('says what is missing, and what estimates without it', async () => {
    vi.stubEnv('PATH', '/nowhere');
    vi.doMock('@yowasp/yosys', () => {
      throw new Error('not installed');
    });
    const { code, stderr } = await estimate();
    vi.doUnmock('@yowasp/yosys');
    expect(code).toBe(2);
    expect(stderr).toMatch(/Yosys is not installed.*apt install yosys.*npm install @yowasp\/yosys/s);
  });

  it('says why Yosys broke off, and keeps nothing', async () => {
    const tools = join(folder, 'tools');
    mkdirSync(tools);
    const script =
      '#!/bin/sh\ncase "$1" in -V) echo "Yosys 9.9 (broken)";; *) echo "ERROR: no" >&2; exit 1;; esac\n';
    writeFileSync(join(tools, 'yosys'), script, { mode: 0o755 });
    vi.stubEnv('PATH', `${tools}${delimiter}${process.env['PATH']}`);
    const kept = (): readonly string[] =>
      existsSync(join(run, 'synthesis')) ? readdirSync(join(run, 'synthesis')) : [];
    const before = kept();
    const { code, stderr } = await estimate();
    expect(code).toBe(2);
    expect(stderr).toMatch(/Yosys did not synthesize the design: ERROR: no/);
    expect(kept()).toEqual(before);
  });
});

it('the npm package counts the same cells of a module as a program does', async () => {
  vi.stubEnv('PATH', '/nowhere');
  const yosys = await findYosys();
  expect(yosys.version).toMatch(/^Yosys \d+\.\d+.*WebAssembly/);
  const source =
    'module top(input clk, input [3:0] a, output reg q); always @(posedge clk) q <= ^a; endmodule';
  const passes: string[] = [];
  const family = familyOf(await loadFpga('kcu1500'));
  const [cells] = await yosys.run(
    `read_verilog rtl/top.v; ${family.synthesis('top')}; tee -q -o cells.json stat -json`,
    { 'rtl/top.v': source },
    ['cells.json'],
    (pass) => passes.push(pass),
  );
  expect(passes.length).toBeGreaterThan(10);
  expect(resourcesOf(wholeCells('top', parseStatistics(cells!)), family)).toEqual({
    lut: 1,
    ff: 1,
    dsp: 0,
    bram36: 0,
  });
}, 300_000);

describe('the estimate of the area', () => {
  it('is held against Yosys over every network of the table', () => {
    expect(Object.keys(measuredAreas()).sort()).toEqual(Object.keys(AREA_NETWORKS).sort());
    expect(Object.keys(AREA_NETWORKS).length).toBeGreaterThan(10);
  });

  it.each(Object.keys(measuredAreas()))('is near what Yosys made of %s', async (name) => {
    const measured = measuredAreas()[name]!;
    const estimated = totalArea(areaOf(await AREA_NETWORKS[name]!()));
    const far = KINDS.filter((kind) => !isNear(estimated[kind], measured[kind]));
    expect(far.map((kind) => `${kind}: ${estimated[kind]} for ${measured[kind]}`)).toEqual([]);
  });

  it('knows every module that stages are made of', () => {
    const sources = join(import.meta.dirname, '../../src/backends/rtl');
    const texts = ['top.ts', ...readdirSync(join(sources, 'stages')).map((f) => join('stages', f))].map((f) =>
      readFileSync(join(sources, f), 'utf8'),
    );
    const used = texts.flatMap((text) =>
      [...text.matchAll(/module: '(vetoc_\w+)'/g)].map(([, name]) => name!),
    );
    expect(used.length).toBeGreaterThan(20);
    expect(used.filter((name) => MODULES[name] === undefined)).toEqual([]);
  });

  it('would not call a third more or less near', () => {
    expect([isNear(130, 100), isNear(131, 100), isNear(69, 100)]).toEqual([true, false, false]);
    expect([isNear(6, 4), isNear(7, 4)]).toEqual([true, false]);
  });
});
