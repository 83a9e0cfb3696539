/** An estimate of firmware in words. */
import { perClock } from '../backends/dataflow/link.js';
import { table } from '../core/table.js';
import type { FirmwareEstimate } from '../run/estimate.js';
import type { RunSynthesis } from '../run/synthesis.js';
import { synthesisText } from './synthesis.js';
import { countText } from './numbers.js';

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const micros = (us: number): string => `${us.toFixed(us < 10 ? 2 : 1)} µs`;

function stageTable({ estimate, timing }: FirmwareEstimate): string {
  const most = Math.max(...estimate.stages.map((s) => s.cycles));
  const rows = estimate.stages.map((s) => [
    s.stage,
    s.kind,
    countText(s.cycles),
    percent(s.cycles / timing.cyclesPerFrame),
    s.multipliers === 0 ? '' : `${countText(s.multipliers)} ${s.multiplier}`,
    s.reuseFactor === 0 ? '' : countText(s.reuseFactor),
    countText(s.lut),
    countText(s.ff),
    countText(s.dsp),
    String(s.bram36),
    s.cycles === most ? '← slowest' : '',
  ]);
  return table(
    ['stage', 'kind', 'cycles', 'of frame', 'multipliers', 'reuse', 'LUT', 'FF', 'DSP', 'BRAM36', ''],
    rows,
  );
}

function totals({ estimate, design }: FirmwareEstimate): string {
  const { resources } = design.target;
  const row = (key: 'lut' | 'ff' | 'dsp' | 'bram36', name: string): string[] => [
    name,
    countText(estimate.total[key]),
    countText(resources[key]),
    percent(estimate.utilisation[key]),
  ];
  return table(
    ['', 'needed', `on ${design.target.name}`, ''],
    [row('lut', 'LUT'), row('ff', 'FF'), row('dsp', 'DSP'), row('bram36', 'BRAM36')],
  );
}

const fifoTable = ({ design }: FirmwareEstimate): string =>
  table(
    ['FIFO', 'words', 'bits', 'why'],
    design.schedule.fifos.map((f) => [f.stream, String(f.depth), String(f.wordBits), f.reason]),
  );

const neighbourLine = (word: string, n: { name: string; fits: boolean } | undefined): string =>
  n === undefined
    ? `no ${word} board is known`
    : `next ${word}: ${n.name} (${n.fits ? 'fits' : 'does not fit'})`;

/** Stages, totals, the boards next in size, rate and latency; FIFOs and cells where asked for. */
export function estimateText(found: FirmwareEstimate, fifos: boolean, synthesis?: RunSynthesis): string {
  const { timing, estimate, design, neighbours: near } = found;
  return [
    `${design.target.title}, ${design.target.part}, ${timing.clockMHz} MHz, ${perClock(timing.pixelsPerClock)}. All figures are estimates of the HLS C++.`,
    '',
    stageTable(found),
    '',
    totals(found),
    '',
    `${estimate.fits ? 'It fits' : 'It does NOT fit'}; ${neighbourLine('larger', near.larger)}, ${neighbourLine('smaller', near.smaller)}.`,
    `Frame rate ${countText(Math.floor(timing.framesPerSecond))} frames/s (${countText(timing.cyclesPerFrame)} cycles a frame), limited by ${timing.limitedBy}.`,
    `Decision ${micros(timing.lastPixelMicroseconds)} after the last pixel, ${micros(timing.firstPixelMicroseconds)} after the first.`,
    ...(fifos ? ['', fifoTable(found)] : []),
    ...(synthesis === undefined ? [] : ['', synthesisText(synthesis)]),
  ].join('\n');
}
