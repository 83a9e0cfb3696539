/** The frame stream in words, for the README of a project. */
import type { Design } from '../dataflow/design.js';
import { headerBeats, trailerBeats, type Link } from '../dataflow/link.js';
import { beatsOf } from '../dataflow/schedule.js';

const beats = (n: number): string => `${n.toLocaleString('en-US')} beat${n === 1 ? '' : 's'}`;

function packetText(link: Link, pixelsPerClock: number): string {
  const header = headerBeats(link, pixelsPerClock);
  const trailer = trailerBeats(link, pixelsPerClock);
  return [
    header === 0
      ? 'The packet has no header: the firmware counts frames itself.'
      : `In front of the pixels: the detector's frame number (pulse id), 64 bits in ${beats(header)}, low bits first.`,
    ...(trailer === 0
      ? []
      : [
          `Behind the pixels: a CRC-32 (that of Ethernet and zlib) of all bytes before it, in ${beats(trailer)}, low bits first.`,
        ]),
  ].join('\n');
}

/** What stands between the frames, and what absorbs a burst. */
export function linkText({ plan, pixelsPerClock, schedule, clockMHz }: Design): string {
  const { link } = plan;
  const total = beatsOf(plan);
  const micros = (cycles: number): string => (cycles / clockMHz).toFixed(2);
  const waits = Math.max(0, schedule.cyclesPerFrame - total);
  return `${packetText(link, pixelsPerClock)}
A packet has ${beats(total)}; TKEEP all ones; TLAST with the last beat and only there. ${
    link.framing === 'ssi'
      ? "TUSER has 2 bits, as SLAC's SsiPkg: bit 1 (SOF) with the first beat and only there, bit 0 (EOFE) with the last where the frame is known to be wrong."
      : 'There is no TUSER: a packet begins with the beat behind a TLAST.'
  }

A packet that has begun and brings no beat for \`idle_cycles\` cycles (built in: ${link.idleCycles.toLocaleString('en-US')}, ${micros(link.idleCycles)} µs) is given up.

The receiver takes a beat a cycle; between packets it may hold TREADY low for up to ${beats(waits + 8)} (${micros(waits + 8)} µs), and after a packet that
ended early for as long as its missing beats would have taken, at most ${micros(total)} µs. ${
    link.fifoBeats === 0
      ? 'A detector that cannot wait needs a FIFO in front: `vetoc export hls --input-fifo BEATS`, of one packet or more.'
      : `The FIFO in front holds ${beats(link.fifoBeats)}: ${
          link.fifoBeats >= total
            ? `the time after ${Math.floor(link.fifoBeats / total)} packet(s) that ended early is absorbed.`
            : '**less than a packet, so that the time after one that ended early is not always absorbed**.'
        } ${
          link.overflow === 'drop'
            ? 'TREADY never falls: a packet that finds no room is cut off, kept and flagged (`overflow`).'
            : 'When it is full TREADY falls.'
        }`
  }`;
}

/** What arrives, and what happens. */
export const malformedTable = (link: Link): string =>
  [
    '| what arrives | what happens |',
    '|---|---|',
    '| TLAST too early | flagged `short`; the missing pixels count as 0; the next beat starts the next frame |',
    ...(link.framing === 'ssi'
      ? [
          '| the next frame starts too early | flagged `short`; the next frame is right |',
          '| beats without a start | one answer, flagged `headless`; thrown away up to TLAST or the next start |',
          '| EOFE with TLAST | flagged `error` |',
        ]
      : []),
    `| no TLAST with the last beat | flagged \`long\` and decided at once; what follows up to ${link.framing === 'ssi' ? 'TLAST or the next start' : 'and including the next TLAST'} is thrown away |`,
    '| nothing for the idle time | flagged `timeout`; what still comes of it is thrown away |',
    '| TKEEP not all ones | flagged `bytes` |',
    ...(link.crc ? ['| a wrong CRC-32 | flagged `crc` |'] : []),
    '',
    link.framing === 'ssi'
      ? link.crc
        ? 'Every loss of beats shows.'
        : 'One loss does not show: the end of a frame and the beginning of the next, together exactly one frame long. Only the CRC-32 sees it (`vetoc export hls --crc`).'
      : `**When \`malformed\` rises, software must keep every frame from the last answer in order to the next one whose number follows that of its predecessor**: a lost
TLAST joins two frames, of which the second gets no answer of its own, and a loss of exactly one frame's beats does not show at all. A link that can mark the start of a frame should (\`--framing ssi\`).`,
  ].join('\n');
