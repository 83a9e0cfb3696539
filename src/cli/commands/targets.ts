/** `vetoc targets`: the boards and processors that vetoc knows. */
import type { Command } from 'commander';
import { listTargets, loadTarget } from '../../targets/load.js';
import type { FpgaTarget, ProcessorTarget, Target } from '../../targets/target.js';
import { say, sayJson } from '../console.js';
import { table } from '../../core/table.js';

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

function describeTarget(target: Target): string {
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

const FPGA_HEADER = ['name', 'part', 'MHz', 'LUT', 'FF', 'DSP', 'BRAM36', 'URAM', 'multiplier'];

async function runTargets(name: string | undefined, options: { readonly json?: boolean }): Promise<void> {
  if (name !== undefined) {
    const target = await loadTarget(name);
    if (options.json === true) sayJson(target);
    else say(describeTarget(target));
    return;
  }
  const targets = await listTargets();
  if (options.json === true) {
    sayJson(targets);
    return;
  }
  say(table(FPGA_HEADER, targets.filter(isFpga).map(fpgaRow)));
  say();
  say(
    table(
      ['name', 'provider', 'what is exact there'],
      targets.filter(isProcessor).map((t) => [t.name, t.provider, t.exactness]),
    ),
  );
}

export function define(command: Command): void {
  command
    .argument('[name]', 'one of them in full, or a target file')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vetoc targets kcu1500')
    .action(runTargets);
}
