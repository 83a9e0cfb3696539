/** What each layer still knows of a frame, as in figures 5 to 7 of the paper. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../core/files.js';
import { enlarge, greyPicture, pngBytes, type Picture } from '../../draw/picture.js';
import { quantile } from '../../statistics/quantile.js';
import { montage } from '../../draw/plate.js';
import { dequantize } from '../../explain/fixed-twin.js';
import { invertibleLayers, invertLayer, type Inversion } from '../../explain/inversion.js';
import { nodeIdSchema, type NodeId } from '../../ir/common.js';
import type { FixedGraph, FloatGraph } from '../../ir/graph.js';
import { openBackend } from '../../tensorflow/backend.js';
import { UserError } from '../../core/errors.js';
import { beginStage, type Emit, type Progress } from '../events.js';
import type { FrameOptionValues } from '../frame-options.js';
import { loadRun } from '../folder.js';
import { readSubject } from './subject.js';

export interface InvertRequest extends FrameOptionValues {
  /** `FILE#NUMBER`. */
  readonly frame: string;
  readonly layer?: string;
  readonly steps: number;
  readonly fidelity: number;
  readonly out: string;
}

const CELL_PIXELS = 192;

/** Channel 0 of a network input in grey, on a linear scale up to `white`. */
function inputPicture({ shape }: Inversion, values: Float32Array, white: number): Picture {
  const [height, width, channels] = shape;
  // The grey scale is a square root: squaring first shows the preprocessed values as they are.
  const first = Float32Array.from(
    { length: height * width },
    (_, i) => Math.max(0, values[i * channels]!) ** 2,
  );
  const picture = greyPicture(first, height, width, { white: white ** 2, black: 0 });
  return enlarge(picture, Math.max(1, Math.round(CELL_PIXELS / Math.max(height, width))));
}

/** The layers to invert: the stages of the firmware, unless one is named. */
function layersOf(graph: FloatGraph, fixed: FixedGraph, name: string | undefined): readonly NodeId[] {
  const all = invertibleLayers(graph).filter((id) => fixed.nodes.some((node) => node.id === id));
  if (name === undefined) return all;
  const parsed = nodeIdSchema.safeParse(name);
  if (parsed.success && all.includes(parsed.data)) return [parsed.data];
  throw new UserError(`there is no layer ${name}`, {
    field: '--layer',
    remedy: `choose one of ${all.join(', ')}`,
  });
}

function invertAll(
  graph: FloatGraph,
  pixels: Uint16Array,
  layers: readonly NodeId[],
  { steps, fidelity }: InvertRequest,
  progress: Progress,
): readonly Inversion[] {
  return layers.map((layer, k) =>
    invertLayer(graph, pixels, layer, {
      steps,
      fidelity,
      seed: 1,
      onStep: (done) => {
        progress.update(k * steps + done, layers.length * steps, { of: 'inversions', layer });
      },
    }),
  );
}

export interface Inverted {
  /** The picture with all layers. */
  readonly path: string;
  readonly layers: readonly Pick<Inversion, 'layer' | 'loss'>[];
}

/** Writes what each layer still knows of the frame, as pictures and values. */
export async function explainInversion(dir: string, options: InvertRequest, emit: Emit): Promise<Inverted> {
  const { fixed } = await loadRun(dir);
  const { frame } = await readSubject(options.frame, options, fixed, emit);
  const progress = beginStage(emit, 'Invert');
  await openBackend('auto');
  const graph = dequantize(fixed);
  const inversions = invertAll(graph, frame.pixels, layersOf(graph, fixed, options.layer), options, progress);
  const [first] = inversions;
  const white = Math.max(1e-6, quantile(first!.original, 0.999));
  const cells = [
    { picture: inputPicture(first!, first!.original, white), lines: ['what the network reads'] },
    ...inversions.map((one) => ({
      picture: inputPicture(one, one.found, white),
      lines: [`${one.layer}: loss ${one.loss.toPrecision(2)}`],
    })),
  ];
  const path = join(options.out, 'inversion.png');
  await writeFileAtomic(path, pngBytes(montage(cells, 4)));
  for (const { layer, shape, found, loss } of inversions)
    await writeFileAtomic(
      join(options.out, `inversion-${layer}.json`),
      JSON.stringify({ layer, shape, loss, values: [...found] }),
    );
  progress.finish({ kind: 'counted', what: 'layers', count: inversions.length });
  return { path, layers: inversions.map(({ layer, loss }) => ({ layer, loss })) };
}
