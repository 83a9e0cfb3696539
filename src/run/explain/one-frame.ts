/** Why one frame was decided as it was: maps, pictures, and what would have changed the decision. */
import { basename, join } from 'node:path';
import { writeFileAtomic } from '../../core/files.js';
import { pngBytes } from '../../draw/picture.js';
import { peaksToTurn } from '../../explain/added-peaks.js';
import { evidencePicture, regionPicture, type PictureParts } from '../../explain/evidence-picture.js';
import { flippingRegions, sufficientRegions } from '../../explain/fewest-regions.js';
import { dequantize, fixedValues } from '../../explain/fixed-twin.js';
import { createExplainer, defaultLayer, type EvidenceMap } from '../../explain/grad-cam.js';
import { correlation } from '../../explain/measures.js';
import { MAP_METHODS, type MapMethod } from '../../explain/method-names.js';
import { evidenceMap } from '../../explain/methods.js';
import { occlude, regionGrid, type Scorer } from '../../explain/occlusion.js';
import { mapPart, seenPart } from '../../explain/seen-part.js';
import { inputNode, type FixedGraph } from '../../ir/graph.js';
import { interpret } from '../../simulate/interpret.js';
import { createOrtWitness } from '../../backends/onnx/ort/witness.js';
import { frameGeometry, NOTHING_STATED } from '../../spotfind/geometry.js';
import { resolutionRings } from '../../spotfind/rings.js';
import { openBackend } from '../../tensorflow/backend.js';
import { beginStage, type Emit } from '../events.js';
import type { FrameOptionValues } from '../frame-options.js';
import { loadRun, type Run } from '../folder.js';
import { layerOf, readSubject, targetOf, targetWords, type SubjectFrame } from './subject.js';
import { framePage } from '../../report/frame-page.js';
import type { Changes, FrameExplanation } from './explanation.js';
import { certify } from './certify.js';
import { physicsOf } from './physics.js';
import { counterfactuals } from './counterfactuals.js';
import { photonReasons } from './reasons.js';
import { replay } from './replay.js';
import {
  alarmWords,
  arithmeticLines,
  photonLines,
  physicsLines,
  replayLines,
  storySentence,
} from './story.js';
import { removalWords } from './words.js';

const CONTROL = 'random';
/** Strength of the peaks that are added to a vetoed frame. */
const PEAK_SNR = 10;
/** Side of the smallest regions that are taken away, pixels. */
const SMALLEST_REGION = 8;

export interface ExplainRequest extends FrameOptionValues {
  readonly frame: string;
  readonly class: string;
  readonly method: MapMethod | 'all';
  readonly layer?: string;
  /** Regions along the longer side of the frame. */
  readonly regions: number;
  /** Sets of regions that may be tried to prove that none is smaller. */
  readonly tries: number;
  /** Folder for the page, pictures and maps; `out/explain/FILE-NUMBER` unless given. */
  readonly out?: string;
  /** False: the frames that turn the decision are not replayed through the emitted files. */
  readonly replay?: boolean;
}

interface Explained {
  readonly method: MapMethod;
  readonly arithmetic: 'fixed' | 'float';
  readonly map: EvidenceMap;
  readonly picture: string;
  readonly png: Uint8Array;
}

/** What would have changed the decision, asked of the fixed-point network. */
async function changesOf(
  fixed: FixedGraph,
  pixels: Uint16Array,
  index: number,
  { regions: along, tries }: Pick<ExplainRequest, 'regions' | 'tries'>,
): Promise<Changes> {
  const witness = await createOrtWitness(fixed);
  try {
    const scorer: Scorer = async (frames) => (await witness.run(frames)).map((r) => r.score);
    const { size } = inputNode(fixed);
    const { threshold } = fixed;
    const regions = regionGrid(
      size[0],
      size[1],
      Math.max(SMALLEST_REGION, Math.round(Math.max(...size) / along)),
    );
    const occlusion = await occlude(scorer, pixels, size, regions);
    const keep = occlusion.score >= threshold;
    const question = { scorer, frame: pixels, size, occlusion, threshold, tries };
    return {
      occlusion,
      removal: await flippingRegions(question),
      addition: await sufficientRegions(question),
      peaks: keep
        ? null
        : await peaksToTurn(scorer, pixels, size[1], seenPart(fixed), (s) => s >= threshold, { snr: PEAK_SNR, seed: index }), // prettier-ignore
    };
  } finally {
    await witness.close();
  }
}

/** Maps of every method that is asked for, on both arithmetics, with their pictures and data written. */
async function explainMaps(
  { fixed, float }: Run,
  options: ExplainRequest & { readonly out: string },
  { frame, index }: SubjectFrame,
  keep: boolean,
  partsFor: (line: string) => PictureParts,
): Promise<readonly Explained[]> {
  const target = targetOf(options.class, fixed, keep);
  await openBackend('auto');
  const explainers = {
    fixed: createExplainer(dequantize(fixed), fixedValues(fixed)),
    float: createExplainer(float),
  };
  const methods = options.method === 'all' ? MAP_METHODS : ([options.method, CONTROL] as const);
  const explained: Explained[] = [];
  try {
    for (const arithmetic of ['fixed', 'float'] as const)
      for (const method of new Set(methods)) {
        const explainer = explainers[arithmetic];
        // The two graphs name their layers alike up to fusion; the last image is the same tensor in both.
        const layer = arithmetic === 'fixed' ? layerOf(explainer, options.layer) : defaultLayer(explainer);
        const map = evidenceMap(method, { explainer, pixels: frame.pixels, layer, target, seed: index });
        const words = `${method} at ${layer}, ${arithmetic === 'fixed' ? "the firmware's arithmetic" : 'float network'}: evidence for ${targetWords(target, fixed)}`;
        const picture = join(options.out, `${method}-${arithmetic}.png`);
        const plate = evidencePicture(partsFor(words), mapPart(explainer.graph, map.layer, map.size), map);
        const png = pngBytes(plate);
        await writeFileAtomic(picture, png);
        const data = {
          method,
          arithmetic,
          layer,
          size: map.size,
          target: map.target,
          values: [...map.values],
        };
        await writeFileAtomic(picture.replace(/png$/, 'json'), JSON.stringify(data));
        explained.push({ method, arithmetic, map, picture, png });
      }
  } finally {
    explainers.fixed.dispose();
    explainers.float.dispose();
  }
  return explained;
}

/** The folder of a frame unless another is named. */
const folderOf = (frame: string): string => join('out/explain', basename(frame).replace('#', '-'));

/** Explains the frame that `options` names with the run in `dir`. Throws `UserError`. */
export async function explainFrame(
  dir: string,
  request: ExplainRequest,
  emit: Emit,
): Promise<FrameExplanation> {
  const options = { ...request, out: request.out ?? folderOf(request.frame) };
  const run = await loadRun(dir);
  const { fixed } = run;
  const subject = await readSubject(options.frame, options, fixed, emit);
  const { frame, index, truth } = subject;
  const { score, keep } = interpret(fixed, frame.pixels);
  const { threshold } = fixed;
  const labelled = truth === null ? '' : ` (labelled ${truth})`;
  const title = `Frame ${index}${labelled} is ${keep ? 'kept' : 'vetoed'}`;
  const progress = beginStage(emit, 'Explain');
  const geometry = frameGeometry(subject.meta, NOTHING_STATED, frame.experiment);
  const physics = await physicsOf(run, frame, geometry);
  const rings = resolutionRings(geometry, frame.height, frame.width);
  const partsFor = (line: string): PictureParts => ({
    pixels: frame.pixels,
    size: [frame.height, frame.width],
    mask: frame.mask,
    lines: [`${title}.`, line],
    rings: rings.known ? rings : null,
  });
  const explained = await explainMaps(run, options, subject, keep, partsFor);
  const changes = await changesOf(fixed, frame.pixels, index, options);
  const noisy = { pixels: frame.pixels, size: [frame.height, frame.width], mask: frame.mask } as const;
  const reasons = await photonReasons(run, noisy, physics, keep, index);
  const replays =
    options.replay === false ? [] : await replay(run, counterfactuals(fixed, noisy, changes, reasons));
  const { occlusion, removal } = changes;
  const certified = certify(fixed, noisy, keep, occlusion);
  const regions = join(options.out, 'regions.png');
  const towards = occlusion.effects.map((effect) => (keep ? effect : -effect));
  const parts = partsFor(removalWords(removal, keep));
  const regionPng = pngBytes(regionPicture(parts, occlusion.regions, towards, removal.found?.regions ?? []));
  await writeFileAtomic(regions, regionPng);
  const of = (arithmetic: 'fixed' | 'float'): EvidenceMap =>
    explained.find((e) => e.arithmetic === arithmetic)!.map;
  const found: FrameExplanation = {
    ...{ index, keep, score, threshold, physics, reasons, certified, replays, ...changes, regions },
    agreement: correlation(of('fixed'), of('float')),
    pictures: explained.map(({ method, arithmetic, picture }) => ({ method, arithmetic, picture })),
    page: join(options.out, 'index.html'),
  };
  await writeStory(found, title, explained, regionPng);
  progress.finish({ kind: 'mapped', maps: explained.length, regions: occlusion.regions.length });
  return found;
}

/** The page with every picture in it. */
async function writeStory(
  found: FrameExplanation,
  title: string,
  explained: readonly Explained[],
  regions: Uint8Array,
): Promise<void> {
  const maps = explained.map(({ method, arithmetic, png }) => ({
    caption: `${method}, ${arithmetic === 'fixed' ? "the firmware's arithmetic" : 'float network'}`,
    png,
  }));
  const story = {
    title,
    alarm: alarmWords(found.keep, found.physics),
    physics: physicsLines(found.physics),
    sentence: storySentence(found),
    photons: photonLines(found.reasons),
    arithmetic: arithmeticLines(found),
    replays: replayLines(found.replays),
    pictures: [
      ...maps,
      {
        caption: 'what the score loses without a region; framed: those that turn the decision',
        png: regions,
      },
    ],
  };
  await writeFileAtomic(found.page, framePage(story));
}
