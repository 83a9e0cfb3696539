/** What free tools make of the RTL on an ECP5: one stage placed and routed, the board ULX3S simulated from line to line. */
import { rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { designRtl } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { rtlGolden } from '../../src/backends/rtl/golden.js';
import { createRandom } from '../../src/core/random.js';
import { inputNode } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { runProcess } from '../../src/simulate/process.js';
import { loadFpga } from '../../src/targets/load.js';
import { writeProject } from '../hls/project.js';
import { triedOf } from '../night.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { NAMED_NETWORKS } from './named-networks.js';
import { isMissing } from '../tools.js';
import { NEXTPNR, synthesized } from './nextpnr.js';

const target = await loadFpga('ulx3s');

/** File, what stands there, and what is put in its place. */
const LINE_FAULTS: readonly (readonly [path: string, from: string, to: string])[] = [
  ['ulx3s/vetoc_serial_in.sv', 'tlast <= ends;', "tlast <= 1'b0;"],
  ['ulx3s/vetoc_serial_out.sv', "decision_valid ? 6'd33", "decision_valid ? 6'd32"],
  ['ulx3s/vetoc_uart_receive.sv', 'CYCLES + CYCLES / 2 - 1', 'CYCLES / 2 - 1'],
];

describe.skipIf(isMissing(NEXTPNR))(
  'a convolution of the demo on an ECP5 (needs .ci/fetch-test-tools.sh)',
  () => {
    it('is placed and routed at 150 MHz and more, a product a multiplier', async () => {
      const graph = await NAMED_NETWORKS.find((n) => n.name === 'demo')!.make();
      const made = await synthesized(designRtl(graph, { target }), 'conv2_multiply');
      const placed = await made.place(1);
      made.remove();
      expect(placed.clockMHz).toBeGreaterThan(150);
      expect(placed.used['MULT18X18D']).toBe(18);
      expect(placed.path).toMatch(/^from \S+ to \S+: \d+\.\d ns, \d+\.\d of them wires, through \d+ cells$/);
    }, 600_000);
  },
);

describe('the design for the ULX3S', () => {
  const graph = sampleFixedGraph();
  const [height, width] = inputNode(graph).size;
  const random = createRandom(4);
  const frames = Array.from({ length: 3 }, () =>
    Uint16Array.from({ length: height * width }, () => random.integer(0, 300)),
  );
  const design = designRtl(graph, { target });
  const files = {
    ...emitRtl(design),
    ...rtlGolden(design, frames, (network, frame) => interpret(network, frame, true)),
  };
  const make = async (goal: string, changed: Readonly<Record<string, string>> = {}) => {
    const folder = writeProject({ ...files, ...changed });
    const result = await runProcess('make', ['-s', goal, 'CXXFLAGS=-O0'], {
      cwd: folder,
      timeoutSeconds: 900,
    });
    rmSync(folder, { recursive: true });
    return result.kind === 'finished'
      ? { code: result.code, said: result.stdout + result.stderr }
      : { code: -1, said: result.kind };
  };
  const spoilt = (path: string, from: string, to: string): Record<string, string> => {
    const text = String(files[path]);
    expect(text).toContain(from);
    return { [path]: text.replace(from, to) };
  };

  it('decides golden frames over the bits of its serial line', async () => {
    expect(await make('check-ulx3s')).toEqual({
      code: 0,
      said: expect.stringContaining('PASS: 3 decisions over the serial line') as string,
    });
  }, 900_000);
  it.each(triedOf(LINE_FAULTS, LINE_FAULTS.length))(
    'is seen to be wrong with a fault in %s',
    async (path, from, to) => {
      const { code, said } = await make('check-ulx3s', spoilt(path, from, to));
      expect(code).not.toBe(0);
      expect(said).toContain('FAIL');
    },
    900_000,
  );
  it('has multipliers that are proved to be those of the simulation', async () => {
    expect(await make('prove-ecp5')).toEqual({ code: 0, said: '' });
    const { code } = await make(
      'prove-ecp5',
      spoilt('ecp5/vetoc_product.sv', '.REG_OUTPUT_CLK("CLK0")', '.REG_OUTPUT_CLK("NONE")'),
    );
    expect(code).not.toBe(0);
  });
  it('is refused for a clock that its oscillator does not make', () => {
    expect(() => emitRtl(designRtl(graph, { target, clockMHz: 80 }))).toThrow(/multiple of 25 MHz/);
  });
});
