/** What a quicker or a cheaper decision would cost: the firmware of a run for some latencies, and the one that is taken. */
import type { HlsOptions } from '../../backends/dataflow/design.js';
import { UnsupportedError, UserError } from '../../core/errors.js';
import type { FixedGraph } from '../../ir/graph.js';
import type { FpgaTarget } from '../../targets/target.js';
import type { FirmwareChoices, FirmwareChoice } from '../../report/firmware-section.js';
import { PROJECT_BACKENDS } from '../export-project.js';
import type { Recipe } from '../recipe.js';

/** Latencies that are tried, µs from the last pixel to the decision; null asks for nothing, which is the cheapest. */
const TRIED = [null, 20, 10, 5, 2, 1] as const;
/** Of LUT, FF, DSP and BRAM each, what the firmware may take unasked: the rest is for links, a second network, what comes later. */
const MOST_SHARE = 0.1;

function tryLatency(fixed: FixedGraph, target: FpgaTarget, asked: number | null): FirmwareChoice {
  const wish: HlsOptions = { target, ...(asked === null ? {} : { latencyMicroseconds: asked }) };
  const firmware: FirmwareChoice['firmware'][number][] = [];
  for (const { title, required, export: project } of PROJECT_BACKENDS)
    try {
      const found = project.figures(fixed, wish);
      if (found !== null) firmware.push({ title, ...found });
    } catch (error) {
      if (error instanceof UserError)
        return {
          asked,
          firmware: [],
          problem: `${error.problem}: ${error.place.remedy ?? 'no way is known'}`,
        };
      if (required || !(error instanceof UnsupportedError)) throw error;
    }
  return { asked, firmware, problem: null };
}

/** Whether no back end takes more than its share of anything. */
const isModest = ({ firmware }: FirmwareChoice): boolean =>
  firmware.length > 0 && firmware.every((f) => f.resources.every((r) => r.share <= MOST_SHARE));

/** The quickest of the latencies tried whose firmware is modest, unless the recipe asks for one. */
export function chooseLatency(
  fixed: FixedGraph,
  { latency }: Pick<Recipe, 'latency'>,
  target: FpgaTarget,
  onTried: (done: number, total: number) => void,
): FirmwareChoices {
  if (latency !== 'sensible') return { latency, choices: [] };
  // Of a network that is too large to be built each latency takes minutes.
  if (PROJECT_BACKENDS.some(({ tooLarge }) => tooLarge(fixed) !== null))
    return { latency: null, choices: [] };
  const choices: FirmwareChoice[] = [];
  for (const [k, asked] of TRIED.entries()) {
    onTried(k, TRIED.length);
    choices.push(tryLatency(fixed, target, asked));
    // What is quicker still cannot be had either.
    if (choices.at(-1)!.problem !== null) break;
  }
  return { latency: choices.filter(isModest).at(-1)?.asked ?? null, choices };
}
