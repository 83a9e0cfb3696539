/** FPGA families that Yosys has cells of: how it is asked for them, and what the cells take of a part. */
import { UserError } from '../../../core/errors.js';
import type { FpgaTarget } from '../../../targets/target.js';
import type { Resources } from '../../hls/resources.js';

/** Cells by type. */
export type Cells = Readonly<Record<string, number>>;

export interface Family {
  /** What Yosys calls it. */
  readonly name: string;
  /** The command that makes cells of the module `top`, without buffers of pins, modules kept apart. */
  readonly synthesis: (top: string) => string;
  /** Look-up tables of each cell that takes any. Carry chains and wide multiplexers stand beside the tables. */
  readonly lut: Cells;
  readonly ff: RegExp;
  readonly dsp: Cells;
  /** Of 36 kbit. */
  readonly bram36: Cells;
}

const XILINX = {
  lut: {
    LUT1: 1,
    LUT2: 1,
    LUT3: 1,
    LUT4: 1,
    LUT5: 1,
    LUT6: 1,
    SRL16E: 1,
    SRLC32E: 1,
    RAM32X1D: 2,
    RAM64X1D: 2,
    RAM128X1D: 4,
    RAM32M: 4,
    RAM64M: 4,
    RAM32M16: 8,
    RAM64M8: 8,
  },
  ff: /^FD(RE|SE|CE|PE)(_1)?$/,
  dsp: { DSP48E1: 1, DSP48E2: 1 },
  bram36: { RAMB18E1: 0.5, RAMB36E1: 1, RAMB18E2: 0.5, RAMB36E2: 1 },
} as const;

const xilinx = (name: string): Family => ({
  name,
  synthesis: (top) => `synth_xilinx -family ${name} -noiopad -noclkbuf -top ${top}`,
  ...XILINX,
});

/** Tables of four inputs; a carry cell takes two, a memory of 16 × 4 bits four and two for its write port. */
const ECP5: Family = {
  name: 'ecp5',
  synthesis: (top) => `synth_ecp5 -noflatten -top ${top}`,
  lut: { LUT4: 1, CCU2C: 2, TRELLIS_DPR16X4: 6 },
  ff: /^TRELLIS_FF$/,
  dsp: { MULT18X18D: 1 },
  bram36: { DP16KD: 0.5 },
};

const FAMILIES: Readonly<Record<FpgaTarget['family'], Family | { readonly instead: string }>> = {
  'zynq-7000': xilinx('xc7'),
  'kintex-ultrascale': xilinx('xcu'),
  'kintex-ultrascale-plus': xilinx('xcup'),
  'zynq-ultrascale-plus': xilinx('xcup'),
  'virtex-ultrascale-plus': xilinx('xcup'),
  ecp5: ECP5,
  versal: { instead: 'zcu102' },
};

/** The family of `target`, which `field` asks for. Throws `UserError` where Yosys has no cells of it. */
export function familyOf(target: FpgaTarget, field = '--synthesize'): Family {
  const found = FAMILIES[target.family];
  if ('name' in found) return found;
  throw new UserError(`Yosys has no cells of the family ${target.family} of ${target.title}`, {
    field,
    remedy: `leave it out, or add --target ${found.instead}: the nearest family that it has cells of`,
  });
}

const weighed = (cells: Cells, weights: Cells): number =>
  Object.entries(cells).reduce((sum, [type, count]) => sum + count * (weights[type] ?? 0), 0);

export const resourcesOf = (cells: Cells, { lut, ff, dsp, bram36 }: Family): Resources => ({
  lut: weighed(cells, lut),
  ff: Object.entries(cells).reduce((sum, [type, count]) => sum + (ff.test(type) ? count : 0), 0),
  dsp: weighed(cells, dsp),
  bram36: weighed(cells, bram36),
});
