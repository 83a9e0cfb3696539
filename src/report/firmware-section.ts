/** What the firmware of a run costs and how fast it is, back end by back end, and what quicker or cheaper would cost. */
import { CELL_KINDS, type FirmwareFigures } from '../backends/backend.js';
import { perClock } from '../backends/dataflow/link.js';
import { html, htmlTable, type Html } from '../draw/html.js';
import { percent } from './evaluation.js';

/** The figures of a back end's firmware, under what it writes: `HLS C++`. */
export interface ReportedFirmware extends FirmwareFigures {
  readonly title: string;
}

/** A back end that wrote nothing, and why. */
export interface LeftOut {
  readonly title: string;
  readonly why: string;
}

/** A latency that was tried, and what it costs. */
export interface FirmwareChoice {
  /** µs from the last pixel to the decision; null: nothing was asked for. */
  readonly asked: number | null;
  /** By back end; empty where it cannot be had. */
  readonly firmware: readonly (Pick<FirmwareFigures, 'resources' | 'timing'> & { readonly title: string })[];
  /** Why it cannot be had. */
  readonly problem: string | null;
}

export interface FirmwareChoices {
  /** What was taken, µs from the last pixel to the decision; null: the cheapest firmware. */
  readonly latency: number | null;
  /** Empty where the recipe asks for a latency of its own, or the network is too large to try them. */
  readonly choices: readonly FirmwareChoice[];
}

const count = (n: number): string => Math.ceil(n).toLocaleString('en-US');

const BASIS = {
  estimated: "Estimates from vetoc's own model, not what a vendor tool would report.",
  simulated:
    'Simulation is held to these cycles; nobody has measured the clock. The area is an estimate from the structure; vetoc estimate --synthesize asks Yosys.',
} as const;

function firmwareOf({ title, board, basis, fits, resources, timing, stages }: ReportedFirmware): Html {
  const verdict =
    fits === null ? '' : html`: <b class="${fits ? 'good' : 'bad'}">${fits ? 'fits' : 'does not fit'}</b>`;
  return html`<h3>${title}</h3>
    <p class="soft">${BASIS[basis]}</p>
    <p>
      ${board} at ${timing.clockMHz} MHz, ${perClock(timing.pixelsPerClock)}${verdict}.
      ${count(Math.floor(timing.framesPerSecond))} frames/s (${count(timing.cyclesPerFrame)} cycles a frame,
      limited by ${timing.limitedBy}); the decision comes ${timing.lastPixelMicroseconds.toFixed(2)} µs after
      the last pixel, ${timing.firstPixelMicroseconds.toFixed(1)} µs after the first.
    </p>
    ${
      resources.length === 0
        ? ''
        : htmlTable(
            ['resource', 'needed', 'on the board', 'share'],
            resources.map((r) => [r.name, count(r.needed), count(r.available), percent(r.share, 1)]),
          )
    }
    ${stageFigures(stages, timing)}`;
}

/** Where cycles and area go, stage by stage. */
function stageFigures(
  stages: FirmwareFigures['stages'],
  { clockMHz, cyclesPerFrame }: FirmwareFigures['timing'],
): Html {
  if (stages.length === 0) return html``;
  const names = Object.keys(stages[0]!.resources);
  return htmlTable(
    ['stage', 'cycles a frame', 'µs', 'of a frame’s time', ...names],
    stages.map(({ stage, cycles, resources }) => [
      stage,
      count(cycles),
      (cycles / clockMHz).toFixed(2),
      percent(cycles / cyclesPerFrame, 0),
      ...names.map((name) => count(resources[name]!)),
    ]),
  );
}

/** µs, and cells with their part of the board. */
const costs = ({ timing, resources }: FirmwareChoice['firmware'][number]): string[] => [
  timing.lastPixelMicroseconds.toFixed(2),
  ...CELL_KINDS.map(([name]) => {
    const found = resources.find((r) => r.name === name);
    return found === undefined ? '–' : `${count(found.needed)} (${percent(found.share, 1)})`;
  }),
];

function choiceRows({ asked, firmware, problem }: FirmwareChoice, taken: boolean): (string | Html)[][] {
  const words = asked === null ? 'nothing' : `${asked} µs`;
  const label = taken ? html`<b>${words}, taken</b>` : words;
  if (problem !== null) return [[label, problem, '', ...CELL_KINDS.map(() => '')]];
  return firmware.map((f, i) => [i === 0 ? label : '', f.title, ...costs(f)]);
}

function choicesOf({ latency, choices }: FirmwareChoices): Html {
  if (choices.length === 0) return html``;
  return html`<h3>Quicker or cheaper</h3>
    <p class="soft">
      What the decision costs for some latencies, from the last pixel. Taken was the quickest of which no kind of cell takes
      more than a tenth of the board; <code>vetoc export rtl</code> or <code>hls RUN --latency</code> makes any other.
    </p>
    ${htmlTable(
      ['asked for', '', 'µs', ...CELL_KINDS.map(([name]) => name)],
      choices.flatMap((choice) => choiceRows(choice, choice.asked === latency)),
    )}`;
}

export const firmwareSection = (
  firmware: readonly ReportedFirmware[],
  left: readonly LeftOut[],
  choices: FirmwareChoices,
): Html =>
  html`${choicesOf(choices)} ${firmware.map(firmwareOf)}
  ${left.map(({ title, why }) => html`<p class="soft">${title} is not written: ${why}.</p>`)}`;
