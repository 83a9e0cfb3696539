/** Frames and activations class by class, as in figures 8 to 12 of the paper. */
import { join } from 'node:path';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { pngBytes } from '../../draw/picture.js';
import type { FrameSource } from '../../data/frames.js';
import { activationHistogram } from '../../explain/activation-histogram.js';
import { evidencePicture } from '../../explain/evidence-picture.js';
import { dequantize, fixedValues } from '../../explain/fixed-twin.js';
import { createExplainer, type Explainer } from '../../explain/grad-cam.js';
import type { MapMethod } from '../../explain/method-names.js';
import { evidenceMap } from '../../explain/methods.js';
import { mapPart } from '../../explain/seen-part.js';
import type { NodeId } from '../../ir/common.js';
import { findNode, veto, type FixedGraph } from '../../ir/graph.js';
import { lsb } from '../../fixed/format.js';
import { renderGallery, type GalleryFrame } from '../../report/gallery.js';
import { openBackend } from '../../tensorflow/backend.js';
import { checkFrameSize } from '../frames-for-network.js';
import { beginStage, type Emit } from '../events.js';
import { openFrameArguments } from '../open-frames.js';
import type { FrameOptionValues } from '../frame-options.js';
import { evenly } from '../stages/frames.js';
import { loadRun } from '../folder.js';
import { layerOf } from './subject.js';

export interface GalleryRequest extends FrameOptionValues {
  readonly frames: readonly string[];
  readonly method: MapMethod;
  readonly layer?: string;
  readonly count: number;
  /** Folder of the page and its pictures. */
  readonly out: string;
}

const BINS = 60;

/** For each true class, frames of it: test frames where they are marked, else any. */
function framesOfClasses(
  source: FrameSource,
  classes: number,
  wanted: number,
): readonly (readonly number[])[] {
  const all = Array.from({ length: source.count }, (_, i) => i);
  const tested = all.filter((i) => source.label(i).split === 'test');
  const chosen = tested.length > 0 ? tested : all;
  return Array.from({ length: classes }, (_, k) =>
    evenly(
      chosen.filter((i) => source.label(i).label === k),
      wanted,
    ),
  );
}

interface Shown {
  readonly frame: GalleryFrame;
  /** The same with colour bar and scale. */
  readonly plate: Uint8Array;
  readonly activations: ReadonlyMap<NodeId, Float32Array>;
}

async function showFrame(
  explainer: Explainer,
  fixed: FixedGraph,
  source: FrameSource,
  index: number,
  layer: NodeId,
  method: MapMethod,
): Promise<Shown> {
  const { pixels, mask, height, width } = await source.read(index);
  const activations = explainer.activations(pixels);
  const score = Math.round(veto(activations.get(fixed.output)!, fixed.hitClasses) / lsb(findNode(fixed, fixed.output).format)); // prettier-ignore
  const keep = score >= fixed.threshold;
  const map = evidenceMap(method, { explainer, pixels, layer, target: { kind: keep ? 'hit' : 'miss' }, seed: index }); // prettier-ignore
  const caption = `frame ${index}: ${keep ? 'kept' : 'vetoed'}, score ${score}, threshold ${fixed.threshold} levels`;
  const part = mapPart(explainer.graph, map.layer, map.size);
  const draw = (lines: readonly string[] | null): Uint8Array =>
    pngBytes(evidencePicture({ pixels, mask, size: [height, width], lines, rings: null }, part, map));
  const words = `${method} at ${layer}: evidence for the decision`;
  return { frame: { caption, png: draw(null) }, plate: draw([caption, words]), activations };
}

/** Writes the page with its pictures, and gives its path. */
export async function explainGallery(dir: string, options: GalleryRequest, emit: Emit): Promise<string> {
  const { fixed } = await loadRun(dir);
  const { source } = await openFrameArguments(options.frames, options, emit);
  const progress = beginStage(emit, 'Gallery');
  await openBackend('auto');
  const explainer = createExplainer(dequantize(fixed), fixedValues(fixed));
  try {
    checkFrameSize(source, fixed);
    const layer = layerOf(explainer, options.layer);
    const classes = framesOfClasses(source, fixed.classNames.length, options.count);
    const total = classes.flat().length;
    if (total === 0)
      throw new UserError('carries no classes', { file: source.name, remedy: 'give labels: --labels' });
    const shown: Shown[][] = [];
    for (const indices of classes) {
      const row: Shown[] = [];
      for (const index of indices) {
        row.push(await showFrame(explainer, fixed, source, index, layer, options.method));
        progress.update(shown.flat().length + row.length, total, { of: 'frames' });
      }
      shown.push(row);
    }
    const layers = explainer.layers.filter((id) => fixed.nodes.some((node) => node.id === id));
    const html = renderGallery({
      network: fixed.name,
      method: options.method,
      layer,
      classes: shown.map((row, k) => ({ name: fixed.classNames[k]!, frames: row.map((one) => one.frame) })),
      histograms: layers.map((id) => ({
        layer: id,
        histogram: activationHistogram(
          shown.map((row) => row.map((one) => one.activations.get(id)!)),
          BINS,
        ),
      })),
    });
    for (const [k, row] of shown.entries())
      for (const [i, { plate }] of row.entries())
        await writeFileAtomic(join(options.out, `class-${k}-${String(i).padStart(2, '0')}.png`), plate);
    const path = join(options.out, 'index.html');
    await writeFileAtomic(path, html);
    progress.finish({ kind: 'counted', what: 'frames', count: total });
    return path;
  } finally {
    explainer.dispose();
    await source.close();
  }
}
