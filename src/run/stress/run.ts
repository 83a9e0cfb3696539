/** How much of what detectors and beamlines do a finished veto withstands: measured, and written where that is asked for. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { nuisance, NUISANCE_NAMES, type NuisanceName } from '../../data/nuisances/table.js';
import { beginStage, type Emit } from '../events.js';
import { loadRun } from '../folder.js';
import type { FrameOptionValues } from '../frame-options.js';
import { checkFrameSize } from '../frames-for-network.js';
import { openFrameArguments } from '../open-frames.js';
import { unseenFrames, type UnseenFrames } from '../unseen-frames.js';
import { stress, type StressCurve } from './measure.js';
import type { Promised } from './promised.js';
import { stressPage } from './words.js';

export interface StressRunRequest extends FrameOptionValues {
  readonly frames: readonly string[];
  /** All unless given. */
  readonly only?: readonly NuisanceName[];
  /** Share of hits that may be lost; as the run was made unless given. */
  readonly lose?: number;
  /** Share of misses that must be rejected. */
  readonly reject: number;
  /** Frames used at most. */
  readonly most: number;
  readonly seed: number;
  /** Folder for `STRESS_FILES`. */
  readonly out?: string;
  /** Replace them if they exist. */
  readonly replace?: boolean;
}

export interface StressRunOutcome {
  readonly run: string;
  readonly threshold: number;
  readonly promised: Promised;
  readonly seed: number;
  /** Of the strengths, by nuisance. */
  readonly units: Readonly<Record<string, string>>;
  readonly curves: readonly StressCurve[];
}

/** Names of nuisances with commas between. Throws `UserError`. */
export const parseNuisances = (text: string): readonly NuisanceName[] =>
  text.split(',').map((given) => {
    const name = NUISANCE_NAMES.find((known) => known === given.trim());
    if (name !== undefined) return name;
    throw new UserError(`there is no nuisance '${given.trim()}'`, {
      field: '--only',
      remedy: `choose from ${NUISANCE_NAMES.join(', ')}`,
    });
  });

export const STRESS_FILES = ['stress.json', 'stress.html'] as const;

/** At most `most` of the frames, evenly spaced within hits and within misses. */
function atMost(frames: UnseenFrames, most: number): UnseenFrames {
  const count = frames.indices.length;
  if (count <= most) return frames;
  const places = [true, false].flatMap((wanted) => {
    const of = [...frames.isHit.keys()].filter((k) => frames.isHit[k] === wanted);
    const share = Math.max(1, Math.round((of.length / count) * most));
    return Array.from({ length: share }, (_, i) => of[Math.floor((i * of.length) / share)]!);
  });
  places.sort((a, b) => a - b);
  return {
    ...frames,
    indices: places.map((k) => frames.indices[k]!),
    isHit: places.map((k) => frames.isHit[k]!),
    indexable: places.map((k) => frames.indexable[k]!),
  };
}

function checkOut({ out, replace }: StressRunRequest): void {
  if (out === undefined || replace === true) return;
  const there = STRESS_FILES.find((file) => existsSync(join(out, file)));
  if (there !== undefined)
    throw new UserError('is there already', {
      file: join(out, there),
      field: '--out',
      remedy: 'name another folder, or say --replace',
    });
}

/** Disturbs the frames more and more, one nuisance at a time. Throws `UserError`. */
export async function stressRun(
  dir: string,
  request: StressRunRequest,
  emit: Emit,
): Promise<StressRunOutcome> {
  checkOut(request);
  const { fixed, recipe } = await loadRun(dir);
  const { source } = await openFrameArguments(request.frames, request, emit);
  try {
    checkFrameSize(source, fixed);
    const frames = atMost(unseenFrames(source), request.most);
    if (frames.unknown > 0)
      emit({
        event: 'warning',
        warning: { about: 'unsure frames', unsure: frames.unknown, frames: source.count },
      });
    const promised: Promised = {
      mostLost: request.lose ?? 1 - recipe.training.keepFraction,
      leastRejected: request.reject,
    };
    const progress = beginStage(emit, 'Stress');
    const names = request.only ?? NUISANCE_NAMES;
    const trained = recipe.training.nuisances;
    const { seed, out } = request;
    const curves = await stress({ graph: fixed, source, frames, names, promised, trained, seed }, progress);
    progress.finish({
      kind: 'stressed',
      frames: frames.indices.length,
      nuisances: names.length,
      promised,
    });
    const units = Object.fromEntries(names.map((name) => [name, nuisance(name).unit]));
    const outcome = { run: dir, threshold: fixed.threshold, promised, seed, units, curves };
    if (out !== undefined) {
      const [json, page] = STRESS_FILES.map((file) => join(out, file));
      await writeFileAtomic(json!, `${JSON.stringify(outcome, null, 2)}\n`);
      await writeFileAtomic(page!, stressPage(`Stress of ${fixed.name}`, curves, promised));
    }
    return outcome;
  } finally {
    await source.close();
  }
}
