/** `vetoc stress`: how much of what detectors and beamlines do a finished veto withstands. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { nuisance, NUISANCE_NAMES, type NuisanceName } from '../../data/nuisances/table.js';
import { promiseText, stressPage, stressText } from '../../run/stress/words.js';
import { beginStage } from '../../run/events.js';
import { loadRun } from '../../run/folder.js';
import type { FrameOptionValues } from '../../run/frame-options.js';
import { checkFrameSize } from '../../run/frames-for-network.js';
import { openFrameArguments } from '../../run/open-frames.js';
import { stress, type Promised } from '../../run/stress/measure.js';
import { unseenFrames, type UnseenFrames } from '../../run/unseen-frames.js';
import { say, sayJson, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { shareOption, wholeOption } from '../option-values.js';

interface Options extends FrameOptionValues {
  readonly frames: string[];
  readonly only?: readonly NuisanceName[];
  readonly lose?: number;
  readonly reject: number;
  readonly most: number;
  readonly seed: number;
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

function parseNames(text: string): readonly NuisanceName[] {
  return text.split(',').map((given) => {
    const name = NUISANCE_NAMES.find((known) => known === given.trim());
    if (name !== undefined) return name;
    throw new UserError(`there is no nuisance '${given.trim()}'`, {
      field: '--only',
      remedy: `choose from ${NUISANCE_NAMES.join(', ')}`,
    });
  });
}

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
  };
}

const FILES = ['stress.json', 'stress.html'] as const;

function checkOut({ out, force }: Options): void {
  if (out === undefined || force === true) return;
  const there = FILES.find((file) => existsSync(join(out, file)));
  if (there !== undefined)
    throw new UserError('is there already', {
      file: join(out, there),
      field: '--out',
      remedy: 'name another folder, or give --force to replace it',
    });
}

async function run(dir: string, options: Options): Promise<void> {
  checkOut(options);
  const { fixed, recipe } = await loadRun(dir);
  const emit = showEvents();
  const { source } = await openFrameArguments(options.frames, options, emit);
  try {
    checkFrameSize(source, fixed);
    const frames = atMost(unseenFrames(source), options.most);
    if (frames.unknown > 0)
      emit({ event: 'warning', text: `${frames.unknown} frames that nobody is sure of are left out` });
    const promised: Promised = {
      mostLost: options.lose ?? 1 - recipe.training.keepFraction,
      leastRejected: options.reject,
    };
    const progress = beginStage(emit, 'Stress');
    const names = options.only ?? NUISANCE_NAMES;
    const trained = recipe.training.nuisances;
    const request = { graph: fixed, source, frames, names, promised, trained, seed: options.seed };
    const curves = await stress(request, progress);
    progress.finish(`${frames.indices.length} frames, ${names.length} nuisances; ${promiseText(promised)}`);
    const units = Object.fromEntries(names.map((name) => [name, nuisance(name).unit]));
    const result = { run: dir, threshold: fixed.threshold, promised, seed: options.seed, units, curves };
    if (options.out !== undefined) {
      const [json, page] = FILES.map((file) => join(options.out!, file));
      await writeFileAtomic(json!, `${JSON.stringify(result, null, 2)}\n`);
      await writeFileAtomic(page!, stressPage(`Stress of ${fixed.name}`, curves, promised));
    }
    if (options.json === true) sayJson(result);
    else say(stressText(curves, promised));
  } finally {
    await source.close();
  }
}

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <file...>', 'labelled frames that had no part in training')
    .option('--only <names>', `nuisances with commas between (default: all)`, parseNames)
    .option('--lose <share>', 'hits that may be lost (default: as the run was made)', shareOption('--lose'))
    .option('--reject <share>', 'misses that must be rejected', shareOption('--reject'), 0.9)
    .option('--most <n>', 'frames used at most', wholeOption('--most', 2, 1_000_000), 250)
    .option('--seed <n>', 'of what is random in the nuisances', wholeOption('--seed', 0, 2 ** 31 - 1), 1)
    .option('--out <folder>', `writes ${FILES.join(' and ')} there`)
    .option('--force', 'replace them if they exist')
    .option('--json', 'print JSON');
  addFrameOptions(command)
    .addHelpText(
      'after',
      `${FRAME_HELP}

Nuisances: ${NUISANCE_NAMES.join(', ')}.
Labels stay as they are: where weak spots drown, the last strengths lose hits that nobody could find.

Example:
  vetoc stress out/night --frames other-night.h5 --out stress`,
    )
    .action(run);
}
