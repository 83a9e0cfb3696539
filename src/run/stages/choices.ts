/** What a quicker or a cheaper decision would cost: the firmware of a run for some latencies, and the one that is taken. */
import type { FirmwareFigures } from '../../backends/backend.js';
import type { HlsOptions } from '../../backends/dataflow/design.js';
import { UnsupportedError, UserError } from '../../core/errors.js';
import type { FixedGraph } from '../../ir/graph.js';
import type { FpgaTarget } from '../../targets/target.js';
import { PROJECT_BACKENDS } from '../export-project.js';
import type { Recipe } from '../recipe.js';

/** Latencies that are tried, µs from the last pixel to the decision; null asks for nothing, which is the cheapest. */
const TRIED = [null, 20, 10, 5, 2, 1] as const;
/** Of LUT, FF, DSP and BRAM each, what the firmware may take unasked: the rest is for links, a second network, what comes later. */
const MOST_SHARE = 0.1;
/** Weights of a network that is tried at all latencies: of a larger one each takes minutes. */
const MOST_WEIGHTS = 50_000;

/** One latency, and what it costs. */
export interface Choice {
  /** µs; null: nothing was asked for. */
  readonly asked: number | null;
  /** By back end; empty where it cannot be had. */
  readonly firmware: readonly (Pick<FirmwareFigures, 'resources' | 'timing'> & { readonly title: string })[];
  /** Why it cannot be had. */
  readonly problem: string | null;
}

export interface Chosen {
  /** µs from the last pixel to the decision; null: the cheapest firmware. */
  readonly latency: number | null;
  /** Empty where the recipe asks for a latency of its own, or the network is too large to try them. */
  readonly choices: readonly Choice[];
}

function tryLatency(fixed: FixedGraph, target: FpgaTarget, asked: number | null): Choice {
  const wish: HlsOptions = { target, ...(asked === null ? {} : { latencyMicroseconds: asked }) };
  const firmware: Choice['firmware'][number][] = [];
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
const isModest = ({ firmware }: Choice): boolean =>
  firmware.length > 0 && firmware.every((f) => f.resources.every((r) => r.share <= MOST_SHARE));

/** The quickest of the latencies tried whose firmware is modest, unless the recipe asks for one. */
export function chooseLatency(
  fixed: FixedGraph,
  { latency }: Pick<Recipe, 'latency'>,
  target: FpgaTarget,
  onTried: (done: number, total: number) => void,
): Chosen {
  const weights = fixed.nodes.reduce(
    (n, node) => n + ('weights' in node ? node.weights.mantissas.length : 0),
    0,
  );
  if (latency !== 'sensible' || weights > MOST_WEIGHTS)
    return { latency: latency === 'sensible' ? null : latency, choices: [] };
  const choices: Choice[] = [];
  for (const [k, asked] of TRIED.entries()) {
    onTried(k, TRIED.length);
    choices.push(tryLatency(fixed, target, asked));
    // What is quicker still cannot be had either.
    if (choices.at(-1)!.problem !== null) break;
  }
  return { latency: choices.filter(isModest).at(-1)?.asked ?? null, choices };
}
