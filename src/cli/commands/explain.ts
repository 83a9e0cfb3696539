/** `vetoc explain`: why a frame was kept or thrown away, as maps, pictures and words. */
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { pngBytes } from '../../core/picture.js';
import type { FrameSource } from '../../data/frames.js';
import {
  createExplainer,
  defaultLayer,
  type EvidenceMap,
  type Explainer,
  type Target,
} from '../../explain/grad-cam.js';
import { dequantize, fixedValues } from '../../explain/fixed-twin.js';
import { evidencePicture, regionPicture } from '../../explain/evidence-picture.js';
import { correlation } from '../../explain/measures.js';
import { evidenceMap, MAP_METHODS, type MapMethod } from '../../explain/methods.js';
import { flippingRegions, occlude, regionGrid, type Flip } from '../../explain/occlusion.js';
import { nodeIdSchema, type NodeId } from '../../ir/common.js';
import { inputNode, type FixedGraph } from '../../ir/graph.js';
import { interpret } from '../../simulate/interpret.js';
import { createOrtWitness } from '../../simulate/ort.js';
import type { Witness } from '../../simulate/witness.js';
import { openBackend } from '../../train/backend.js';
import { say, sayJson, startProgress } from '../console.js';
import { addFrameOptions, openFrameArguments, type FrameOptionValues } from '../frame-arguments.js';
import { loadRun } from '../run-folder.js';
import { checkFrameSize } from './evaluate.js';

const CONTROL = 'random';

interface Options extends FrameOptionValues {
  readonly frame: string;
  readonly class: string;
  readonly method: MapMethod | 'all';
  readonly layer?: string;
  readonly out: string;
  readonly json?: boolean;
}

interface Explained {
  readonly method: MapMethod;
  readonly arithmetic: 'fixed' | 'float';
  readonly map: EvidenceMap;
  readonly picture: string;
}

/** `FILE#N`: the frame's number stands after the last `#`. */
function splitFrame(argument: string): { readonly file: string; readonly index: number } {
  const match = /^(.+)#(\d+)$/.exec(argument);
  if (match === null)
    throw new UserError(`"${argument}" names no frame`, {
      field: '--frame',
      remedy: 'give FILE#NUMBER, the first frame is 0',
    });
  return { file: match[1]!, index: Number(match[2]) };
}

function targetOf(name: string, graph: FixedGraph, keep: boolean): Target {
  if (name === 'decision') return { kind: keep ? 'hit' : 'miss' };
  if (name === 'hit' || name === 'miss') return { kind: name };
  const index = graph.classNames.findIndex((c) => c.toLowerCase() === name.toLowerCase());
  if (index >= 0) return { kind: 'class', index };
  throw new UserError(`there is no class "${name}"`, {
    field: '--class',
    remedy: `use decision, hit, miss or one of ${graph.classNames.join(', ')}`,
  });
}

function layerOf(explainer: Explainer, name: string | undefined): NodeId {
  if (name === undefined) return defaultLayer(explainer);
  const parsed = nodeIdSchema.safeParse(name);
  if (parsed.success && explainer.layers.includes(parsed.data)) return parsed.data;
  throw new UserError(`there is no map at layer ${name}`, {
    field: '--layer',
    remedy: `choose one of ${explainer.layers.join(', ')}`,
  });
}

/** Distance to the threshold as the firmware counts it. */
function marginWords(score: number, threshold: number): string {
  const margin = score - threshold;
  const bits = Math.log2(Math.abs(margin) + 1).toFixed(1);
  return margin >= 0
    ? `score ${score}, ${margin} levels (${bits} bits) above the threshold ${threshold}`
    : `score ${score}, ${-margin} levels (${bits} bits) under the threshold ${threshold}`;
}

function flipWords(flip: Flip | null, keep: boolean): string {
  const decision = keep ? 'kept' : 'vetoed';
  if (flip === null) return `It stays ${decision} whatever regions are taken away.`;
  const where = flip.regions.map((r) => `(${r.y}, ${r.x})`).join(', ');
  return `It would not be ${decision} without the ${flip.regions.length} region(s) at ${where}: the score would be ${flip.score}.`;
}

async function occlusionOf(witness: Witness, fixed: FixedGraph, pixels: Uint16Array) {
  const { size } = inputNode(fixed);
  const scorer = async (frames: readonly Uint16Array[]): Promise<number[]> =>
    (await witness.run(frames)).map((r) => r.score);
  const regions = regionGrid(size[0], size[1], Math.max(8, Math.round(Math.max(...size) / 12)));
  const occlusion = await occlude(scorer, pixels, size, regions);
  return { occlusion, flip: await flippingRegions(scorer, pixels, size, occlusion, fixed.threshold) };
}

async function readFrame(
  argument: string,
  options: FrameOptionValues,
  fixed: FixedGraph,
): Promise<{ readonly pixels: Uint16Array; readonly source: FrameSource; readonly index: number }> {
  const { file, index } = splitFrame(argument);
  const { source } = await openFrameArguments([file], options);
  try {
    checkFrameSize(source, fixed);
    if (index >= source.count)
      throw new UserError(`has ${source.count} frames, there is no frame ${index}`, {
        file,
        field: '--frame',
        remedy: `give a number up to ${source.count - 1}`,
      });
    return { pixels: (await source.read(index)).pixels, source, index };
  } finally {
    await source.close();
  }
}

async function explain(dir: string, options: Options): Promise<void> {
  const run = await loadRun(dir);
  const { fixed, float } = run;
  const { pixels, source, index } = await readFrame(options.frame, options, fixed);
  const { score, keep } = interpret(fixed, pixels);
  const target = targetOf(options.class, fixed, keep);
  const progress = startProgress('Explain');
  await openBackend('auto');
  const twins = {
    fixed: createExplainer(dequantize(fixed), fixedValues(fixed)),
    float: createExplainer(float),
  };
  const methods = options.method === 'all' ? MAP_METHODS : ([options.method, CONTROL] as const);
  const explained: Explained[] = [];
  for (const arithmetic of ['fixed', 'float'] as const)
    for (const method of new Set(methods)) {
      const explainer = twins[arithmetic];
      // The two graphs name their layers alike up to fusion; the last image is the same tensor in both.
      const layer = arithmetic === 'fixed' ? layerOf(explainer, options.layer) : defaultLayer(explainer);
      const map = evidenceMap(method, { explainer, pixels, layer, target, seed: index });
      const picture = join(options.out, `${method}-${arithmetic}.png`);
      await writeFileAtomic(picture, pngBytes(evidencePicture(explainer.graph, pixels, map)));
      await writeFileAtomic(
        picture.replace(/png$/, 'json'),
        JSON.stringify({
          method,
          arithmetic,
          layer: map.layer,
          size: map.size,
          target: map.target,
          values: [...map.values],
        }),
      );
      explained.push({ method, arithmetic, map, picture });
    }
  twins.fixed.dispose();
  twins.float.dispose();
  const witness = await createOrtWitness(fixed);
  const { occlusion, flip } = await occlusionOf(witness, fixed, pixels);
  await witness.close();
  const flipPicture = join(options.out, 'regions.png');
  await writeFileAtomic(flipPicture, pngBytes(regionPicture(fixed, pixels, occlusion, flip?.regions ?? [])));
  progress.finish(`${explained.length} maps, ${occlusion.regions.length} regions tried`);
  const of = (arithmetic: 'fixed' | 'float'): EvidenceMap =>
    explained.find((e) => e.arithmetic === arithmetic)!.map;
  const agreement = correlation(of('fixed'), of('float'));
  const label = source.label(index).label;
  const truth = label === null ? '' : ` (labelled ${source.classNames?.[label] ?? label})`;
  if (options.json === true) {
    sayJson({
      frame: options.frame,
      keep,
      score,
      threshold: fixed.threshold,
      margin: score - fixed.threshold,
      agreement,
      flip,
      occlusion,
      pictures: explained.map(({ method, arithmetic, picture }) => ({ method, arithmetic, picture })),
    });
    return;
  }
  say(`Frame ${index}${truth} is ${keep ? 'kept' : 'vetoed'}: ${marginWords(score, fixed.threshold)}.`);
  say(flipWords(flip, keep));
  say(
    agreement >= 0.9
      ? `The map on the firmware's arithmetic and the float map agree (rank correlation ${agreement.toFixed(2)}).`
      : `The float map differs from the map on the firmware's arithmetic (rank correlation ${agreement.toFixed(2)}): trust the fixed one.`,
  );
  for (const { picture } of explained) say(`  ${picture}`);
  say(`  ${flipPicture}`);
}

export function registerExplain(program: Command): void {
  const command = program
    .command('explain')
    .description(
      'Say why a frame was kept or vetoed: evidence maps on the arithmetic that decided, and what would change it.',
    )
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frame <file#n>', 'the frame: file and number')
    .option('--class <name>', 'what to explain: decision, hit, miss, or a class', 'decision')
    .addOption(new Option('--method <name>', 'how').choices([...MAP_METHODS, 'all']).default('grad-cam'))
    .option('--layer <name>', 'layer of the map (default: the last that is an image)')
    .option('--out <dir>', 'folder for pictures and maps', 'out/explain')
    .option('--json', 'print JSON');
  addFrameOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  vetoc explain out/demo --frame night1.h5#17 --method all --out out/why17',
    )
    .action(explain);
}
