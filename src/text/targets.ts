/** Boards and processors in words. */
import { table } from '../core/table.js';
import type { FpgaTarget, ProcessorTarget, Target } from '../targets/target.js';

const FPGA_HEADER = ['name', 'part', 'MHz', 'LUT', 'FF', 'DSP', 'BRAM36', 'URAM', 'multiplier'];

const isFpga = (t: Target): t is FpgaTarget => t.kind === 'fpga';
const isProcessor = (t: Target): t is ProcessorTarget => t.kind === 'processor';

const fpgaRow = (t: FpgaTarget): string[] => [
  t.name,
  t.part,
  String(t.clockMHz),
  ...[t.resources.lut, t.resources.ff, t.resources.dsp, t.resources.bram36, t.resources.uram].map((n) =>
    n.toLocaleString('en-US'),
  ),
  `${t.multiplier.a}×${t.multiplier.b}`,
];

/** What is known of the figures' origin. */
const checks = (t: FpgaTarget): string[] => [
  ...t.checked.map((c) => `Checked: ${c.figures.join(', ')} against ${c.against}`),
  'All other figures are the data sheet’s from memory: look there before you buy.',
];

/** One of them in full. */
export function targetText(target: Target): string {
  const facts = isFpga(target)
    ? table(FPGA_HEADER, [fpgaRow(target)])
    : `execution provider ${target.provider}; ${target.exactness}`;
  return [
    `${target.name}: ${target.title}`,
    facts,
    ...target.notes.map((n) => `Note: ${n}`),
    ...target.sources.map((s) => `Source: ${s}`),
    ...(isFpga(target) ? checks(target) : []),
  ].join('\n');
}

/** All of them, a line each. */
export const targetsText = (targets: readonly Target[]): string =>
  [
    table(FPGA_HEADER, targets.filter(isFpga).map(fpgaRow)),
    table(
      ['name', 'provider', 'what is exact there'],
      targets.filter(isProcessor).map((t) => [t.name, t.provider, t.exactness]),
    ),
  ].join('\n\n');
