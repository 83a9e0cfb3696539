/** Stage 4: what every back end builds, written into the run folder. */
import type { Backend, BuildRequest, Built, FirmwareFigures } from '../../backends/backend.js';
import { BACKENDS } from '../../backends/index.js';
import { UnsupportedError } from '../../core/errors.js';
import { version } from '../../core/version.js';
import type { FixedGraph, FloatGraph } from '../../ir/graph.js';
import { unreadEdges } from '../../ir/unread.js';
import type { FpgaTarget } from '../../targets/target.js';
import type { Progress } from '../events.js';
import type { RunDraft } from '../folder.js';
import { rememberedInterpreter } from '../golden-frames.js';
import { recipeHash, type Recipe } from '../recipe.js';
import type { FirmwareChoices } from '../../report/firmware-section.js';
import { chooseLatency } from './choices.js';

/** What was emitted. */
export interface Emitted {
  /** Figures of the back ends that make firmware, by what they write. */
  readonly firmware: readonly (FirmwareFigures & { readonly title: string })[];
  readonly written: readonly { readonly backend: string; readonly title: string; readonly files: number }[];
  /** Back ends that were left out, and why. */
  readonly left: readonly { readonly backend: string; readonly title: string; readonly why: string }[];
  readonly chosen: FirmwareChoices;
  /** Levels of the compile below the fixed graph as text, by back end and level. */
  readonly levels: readonly { readonly backend: string; readonly level: string; readonly text: string }[];
}

/** What `backend` builds, or why it does not. */
async function buildWith(backend: Backend, request: BuildRequest): Promise<Built | { readonly why: string }> {
  const why = backend.tooLarge(request.networks.fixed);
  if (why !== null) return { why };
  try {
    return await backend.build(request);
  } catch (error) {
    if (backend.required || !(error instanceof UnsupportedError)) throw error;
    return { why: error.message };
  }
}

/** Writes the files of all back ends; `golden` frames become the vectors of their benches. */
export async function emitStage(
  draft: RunDraft,
  recipe: Recipe,
  networks: { readonly float: FloatGraph; readonly fixed: FixedGraph },
  target: FpgaTarget,
  golden: readonly Uint16Array[],
  progress: Progress,
): Promise<Emitted> {
  for (const edge of unreadEdges(networks.fixed))
    progress.emit({ event: 'warning', warning: { about: 'unread edge', edge } });
  const chosen = chooseLatency(networks.fixed, recipe, target, (done, total) => {
    progress.update(done, total, { of: 'latencies' });
  });
  const emitted = await writeBuilt(
    draft,
    {
      networks,
      wish: { target, ...(chosen.latency === null ? {} : { latencyMicroseconds: chosen.latency }) },
      golden: { frames: golden, interpret: rememberedInterpreter() },
      producerVersion: version(),
      recipeHash: recipeHash(recipe),
    },
    progress,
  );
  return { ...emitted, chosen };
}

/** Writes what every back end builds into its folder of `draft`. */
export async function writeBuilt(
  draft: Pick<RunDraft, 'write'>,
  request: BuildRequest,
  progress: Progress,
): Promise<Omit<Emitted, 'chosen'>> {
  const firmware: Emitted['firmware'][number][] = [];
  const written: Emitted['written'][number][] = [];
  const left: Emitted['left'][number][] = [];
  const levels: Emitted['levels'][number][] = [];
  for (const [k, backend] of BACKENDS.entries()) {
    const { name, title } = backend;
    progress.update(k, BACKENDS.length, { of: 'back ends', title });
    const built = await buildWith(backend, request);
    if ('why' in built) {
      left.push({ backend: name, title, why: built.why });
      continue;
    }
    for (const [path, content] of Object.entries(built.files))
      await draft.write(`${backend.folder}/${path}`, content);
    written.push({ backend: name, title, files: Object.keys(built.files).length });
    if (built.parts !== undefined)
      firmware.push(...built.parts.map((part) => ({ title: part.title, ...part.firmware })));
    else if (built.firmware !== null) firmware.push({ title, ...built.firmware });
    levels.push(...Object.entries(built.levels).map(([level, text]) => ({ backend: name, level, text })));
  }
  const decision = firmware[0]?.timing.lastPixelMicroseconds ?? null;
  progress.finish({ kind: 'emitted', board: request.wish.target.title, decision, written, left });
  return { firmware, written, left, levels };
}
