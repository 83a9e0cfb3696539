/** `vetoc estimate`: cycles, latency, frame rate and resources of the firmware of a run, as estimates. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { designHls, type Design } from '../../backends/dataflow/design.js';
import { neighbouringBoards, summarize, type Neighbours, type Summary } from '../../backends/hls/summary.js';
import { listTargets } from '../../targets/load.js';
import { say, sayJson } from '../console.js';
import { table } from '../../core/table.js';
import { addFirmwareOptions, firmwareOptions, type FirmwareOptionValues } from '../firmware-options.js';
import { RUN_FILES } from '../../run/folder.js';
import { readGraph } from '../../ir/graph-files.js';

interface Options extends FirmwareOptionValues {
  readonly fifos?: boolean;
  readonly json?: boolean;
}

const count = (n: number): string => Math.ceil(n).toLocaleString('en-US');
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const micros = (us: number): string => `${us.toFixed(us < 10 ? 2 : 1)} µs`;

function stageTable({ estimate, timing }: Summary): string {
  const most = Math.max(...estimate.stages.map((s) => s.cycles));
  const rows = estimate.stages.map((s) => [
    s.stage,
    s.kind,
    count(s.cycles),
    percent(s.cycles / timing.cyclesPerFrame),
    s.multipliers === 0 ? '' : `${count(s.multipliers)} ${s.multiplier}`,
    s.reuseFactor === 0 ? '' : count(s.reuseFactor),
    count(s.lut),
    count(s.ff),
    count(s.dsp),
    String(s.bram36),
    s.cycles === most ? '← slowest' : '',
  ]);
  return table(
    ['stage', 'kind', 'cycles', 'of frame', 'multipliers', 'reuse', 'LUT', 'FF', 'DSP', 'BRAM36', ''],
    rows,
  );
}

function totals({ estimate }: Summary, design: Design): string {
  const { resources } = design.target;
  const row = (key: 'lut' | 'ff' | 'dsp' | 'bram36', name: string): string[] => [
    name,
    count(estimate.total[key]),
    count(resources[key]),
    percent(estimate.utilisation[key]),
  ];
  return table(
    ['', 'needed', `on ${design.target.name}`, ''],
    [row('lut', 'LUT'), row('ff', 'FF'), row('dsp', 'DSP'), row('bram36', 'BRAM36')],
  );
}

const fifoTable = (design: Design): string =>
  table(
    ['FIFO', 'words', 'bits', 'why'],
    design.schedule.fifos.map((f) => [f.stream, String(f.depth), String(f.wordBits), f.reason]),
  );

const neighbourLine = (word: string, n: { name: string; fits: boolean } | undefined): string =>
  n === undefined
    ? `no ${word} board is known`
    : `next ${word}: ${n.name} (${n.fits ? 'fits' : 'does not fit'})`;

function describe(design: Design, summary: Summary, near: Neighbours, fifos: boolean): string {
  const { timing, estimate } = summary;
  return [
    `${design.target.title}, ${design.target.part}, ${timing.clockMHz} MHz, ${timing.pixelsPerClock} pixels per clock. All figures are estimates.`,
    '',
    stageTable(summary),
    '',
    totals(summary, design),
    '',
    `${estimate.fits ? 'It fits' : 'It does NOT fit'}; ${neighbourLine('larger', near.larger)}, ${neighbourLine('smaller', near.smaller)}.`,
    `Frame rate ${count(Math.floor(timing.framesPerSecond))} frames/s (${count(timing.cyclesPerFrame)} cycles a frame), limited by ${timing.limitedBy}.`,
    `Decision ${micros(timing.lastPixelMicroseconds)} after the last pixel, ${micros(timing.firstPixelMicroseconds)} after the first.`,
    ...(fifos ? ['', fifoTable(design)] : []),
  ].join('\n');
}

async function runEstimate(dir: string, options: Options): Promise<void> {
  const graph = await readGraph(join(dir, RUN_FILES.fixedGraph), 'fixed');
  const design = designHls(graph, await firmwareOptions(options));
  const summary = summarize(design);
  const near = neighbouringBoards(
    design,
    (await listTargets()).filter((t) => t.kind === 'fpga'),
  );
  if (options.json === true) sayJson({ ...summary, fifos: design.schedule.fifos, neighbours: near });
  else say(describe(design, summary, near, options.fifos === true));
}

export function define(command: Command): void {
  addFirmwareOptions(
    command
      .argument('<run>', 'folder of a finished run')
      .option('--fifos', 'also list every FIFO with its depth and the reason for it')
      .option('--json', 'print JSON'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  vetoc estimate out/demo --target kcu1500 --pixels-per-clock 8 --latency 5\n\nThe formulae stand in src/backends/hls/estimate.ts; a vendor tool may report otherwise.',
    )
    .action(runEstimate);
}
