/** The levels of the compile between the fixed graph and the files of firmware, as text: the plan and its schedule. */
import { formatToString } from '../../fixed/format.js';
import { table } from '../../core/table.js';
import type { Design } from './design.js';
import { isWeighted, wordsPerFrame, type Plan, type Stage } from './plan.js';
import type { Schedule } from './schedule.js';

const streamLine = (plan: Plan): string =>
  plan.streams
    .map((s) => {
      const words = wordsPerFrame(s);
      return `%${s.name} = ${s.node}[${s.shape.join(', ')}] ${formatToString(s.format)} lanes=${s.lanes} words=${words}`;
    })
    .join('\n');

/** What a stage is folded onto, for those where it says something. */
function foldingText(stage: Stage): string {
  if (!('folding' in stage)) return '';
  const { inLanes, outLanes, tapFold } = stage.folding;
  const adders = stage.adders === undefined ? '' : ' products=shift-add';
  return isWeighted(stage)
    ? ` inLanes=${inLanes} outLanes=${outLanes} tapFold=${tapFold}${adders}`
    : ` lanes=${inLanes}`;
}

const names = (streams: readonly { readonly name: string }[]): string =>
  streams.map((s) => `%${s.name}`).join(', ');

const stageLine = (stage: Stage): string =>
  `${names(stage.outputs)}${stage.outputs.length === 0 ? '' : ' = '}${stage.name}: ${stage.kind}(${names(stage.inputs)})${foldingText(stage)}`;

/** Streams with their words, then a line a stage in the order of the data. */
export function printPlan(plan: Plan): string {
  const { framing, overflow, header, crc } = plan.link;
  return [
    `plan: pixelsPerClock=${plan.pixelsPerClock} cyclesPerFrame=${plan.cyclesPerFrame}`,
    `link: framing=${framing} overflow=${overflow} header=${header} crc=${crc}`,
    streamLine(plan),
    ...plan.stages.map(stageLine),
    '',
  ].join('\n');
}

/** Cycles of every process, latencies, and the depth of every FIFO with its reason. */
export function printSchedule(schedule: Schedule): string {
  const { cyclesPerFrame, bottleneck, interval, latencyFirstPixel, latencyLastPixel, inputStall } = schedule;
  return [
    `schedule: cyclesPerFrame=${cyclesPerFrame} bottleneck=${bottleneck} interval=${interval}`,
    `latency: firstPixel=${latencyFirstPixel} lastPixel=${latencyLastPixel} inputStall=${inputStall}`,
    '',
    table(
      ['process', 'stage', 'cycles'],
      schedule.processes.map((p) => [p.process, p.stage, String(p.cycles)]),
    ),
    '',
    table(
      ['stream', 'from', 'to', 'words', 'bits', 'most waiting', 'why'],
      schedule.fifos.map((f) => [
        f.stream,
        f.producer,
        f.consumer,
        String(f.depth),
        String(f.wordBits),
        String(f.highWater),
        f.reason,
      ]),
    ),
    '',
  ].join('\n');
}

export const designLevels = ({ plan, schedule }: Design): Readonly<Record<string, string>> => ({
  plan: printPlan(plan),
  schedule: printSchedule(schedule),
});
