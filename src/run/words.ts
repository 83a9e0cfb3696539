/**
 * A run's network on the raw words of a detector, as files of its own in `raw` of the run, and the frames that it is verified on:
 * `vetoc verify RUN --raw` writes them, and the witnesses run what stands there.
 */
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { createRandom } from '../core/random.js';
import { version } from '../core/version.js';
import { openFrames } from '../data/open.js';
import { writeGraph } from '../ir/graph-files.js';
import { frameMaps, RAW_IDS } from '../passes/from-words.js';
import { loadFpga } from '../targets/load.js';
import { randomFrames, type NamedFrame } from '../verify/frames.js';
import { beginStage, type Emit } from './events.js';
import { draftFolder, RUN_FILES, type Run } from './folder.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';
import { checkFrameSize } from './frames-for-network.js';
import { goldenFrames, rememberedInterpreter } from './golden-frames.js';
import { openFrameArguments } from './open-frames.js';
import { likeOwn } from './own-firmware.js';
import { openRawFrames } from './raw-frames.js';
import { onWords, type RawNetwork } from './raw-network.js';
import { recipeHash } from './recipe.js';
import { writeBuilt } from './stages/emit.js';
import { evenly } from './stages/frames.js';
import { syntheticFrames, type SyntheticOptions } from './verification.js';

/** The network of `run` on the words that `wish` names maps of. Throws `UserError` where it names none. */
export async function networkOnWords(run: Run, wish: FrameOptionValues): Promise<RawNetwork> {
  const raw = await onWords(run.fixed, wish);
  if (raw !== null) return raw;
  throw new UserError('are words, which need the maps of their detector', {
    field: '--raw',
    remedy: 'give --maps',
  });
}

/**
 * Writes what the back ends build of `raw`, for the board and at the latency of the run, in place of what stood there; returns the
 * folder.
 */
export async function writeOnWords(run: Run, raw: RawNetwork, emit: Emit): Promise<string> {
  const { words, maps } = raw.golden;
  const progress = beginStage(emit, 'Emit');
  const out = join(run.dir, RUN_FILES.onWords);
  const target = await loadFpga(run.recipe.target);
  const draft = await draftFolder(out, true, { mark: RUN_FILES.fixedGraph, what: 'network on raw words' });
  try {
    await writeGraph(draft.path(RUN_FILES.fixedGraph), 'fixed', raw.graph);
    const request = {
      networks: { float: run.float, fixed: raw.graph },
      wish: likeOwn(run.recipe, { target }),
      golden: {
        frames: (await goldenFrames(run.dir, run.fixed)).map(words),
        interpret: rememberedInterpreter(),
        maps,
      },
      producerVersion: version(),
      recipeHash: recipeHash(run.recipe),
    };
    await writeBuilt(draft, request, progress);
    await draft.publish();
  } catch (error) {
    await draft.discard();
    throw error;
  }
  return out;
}

/** What a network of counts is asked, as words that come to it; and words of any bits. */
export function syntheticWords(run: Run, raw: RawNetwork, made: SyntheticOptions): readonly NamedFrame[] {
  const { words, maps } = raw.golden;
  const counted = syntheticFrames(run.fixed, made).map((one) => ({ ...one, pixels: words(one.pixels) }));
  const random = createRandom(made.seed).fork('words');
  const any = randomFrames(raw.graph, made.random, random).map((one) => ({
    ...one,
    name: `${one.name}, as words`,
  }));
  return [...counted, ...any].map((one) => ({ ...one, maps }));
}

export interface OpenedWords {
  readonly count: number;
  readonly frames: AsyncIterable<NamedFrame>;
  readonly close: () => Promise<void>;
}

/**
 * At most `most` frames of the files, evenly spread, each with the maps of its memory cell and its words of gain. Throws `UserError`.
 */
export async function openWords(
  files: readonly string[],
  values: FrameOptionValues,
  { graph }: RawNetwork,
  most: number,
  emit: Emit,
): Promise<OpenedWords> {
  const options = { ...frameOptions(values), words: true };
  if (graph.nodes.some(({ id }) => id === RAW_IDS.gains) && values.skipBad === true)
    throw new UserError('is not taken with words of gain, which are read beside the frames', {
      field: '--skip-bad',
      remedy: 'leave out the files that cannot be read',
    });
  // What is refused as counts is refused as words.
  await openFrames(files, { ...options, words: false }).then((counts) => counts.close());
  const { source } = await openFrameArguments(files, values, emit, { words: true });
  const { count, calibration, read, close } = await openRawFrames(source, files, options);
  try {
    checkFrameSize(source, graph);
    const indices = evenly([...Array(count).keys()], most);
    const frames = async function* (): AsyncGenerator<NamedFrame> {
      for (const index of indices) {
        const { name, cell, words, gains } = await read(index);
        yield { name, kind: 'file', pixels: words, maps: frameMaps(calibration.integers(cell, name), gains) };
      }
    };
    return { count: indices.length, frames: frames(), close };
  } catch (error) {
    await close();
    throw error;
  }
}
