/**
 * Everything that a thread needs to work on frames, as plain data that can be sent to it.
 */
import type { FrameSource } from '../data/frames.js';
import { openFrames, type OpenFramesOptions } from '../data/open.js';
import { simulateFrames } from '../data/simulate/simulate-frames.js';
import type { SimulateOptions } from '../data/simulate/settings.js';
import { lsb } from '../fixed/format.js';
import { findNode, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import { createOrtScorer } from '../backends/onnx/ort/scorer.js';
import { detectorOf } from '../spotfind/detector-file.js';
import { createFrameSpotFinder } from '../spotfind/finder.js';
import type { StatedGeometry } from '../spotfind/geometry.js';
import { parseSpotParameters, type SpotAlgorithm } from '../spotfind/parameters.js';
import type { MeterSettings } from './meter.js';
import { createLocalProcessor, type DecisionFacts, type FrameProcessor } from './processor.js';

/** Frames that can be opened again in another thread. */
export type FramesSpec =
  | { readonly kind: 'files'; readonly paths: readonly string[]; readonly options: OpenFramesOptions }
  | { readonly kind: 'simulate'; readonly options: SimulateOptions };

/** The two networks that are asked. */
export interface AuditedNetworks {
  readonly fixed: FixedGraph;
  readonly float: FloatGraph;
}

/** The second opinion. */
export interface FinderSpec {
  readonly algorithm: SpotAlgorithm;
  /** `name=value` texts. */
  readonly parameters: readonly string[];
}

export interface ProcessorSetup {
  readonly frames: FramesSpec;
  readonly networks: AuditedNetworks;
  readonly finder: FinderSpec;
  readonly stated: StatedGeometry;
  readonly meter: MeterSettings | null;
}

/** Opens the frames. Files that cannot be opened are passed over and reported. The caller closes the source. */
export async function openSpec(
  spec: FramesSpec,
  onBadFile: (problem: string) => void = () => undefined,
): Promise<FrameSource> {
  if (spec.kind === 'simulate') return simulateFrames(spec.options);
  return openFrames(spec.paths, {
    ...spec.options,
    allowMissing: true,
    onBadFile: (error) => {
      onBadFile(error.message);
    },
  });
}

export function decisionFacts(fixed: FixedGraph, meter: MeterSettings | null): DecisionFacts {
  return {
    classNames: fixed.classNames,
    threshold: fixed.threshold,
    level: lsb(findNode(fixed, fixed.output).format),
    meter,
  };
}

/** A processor on the calling thread. */
export async function openProcessor(setup: ProcessorSetup): Promise<FrameProcessor> {
  const source = await openSpec(setup.frames);
  try {
    const detector = detectorOf(source);
    const finder = parseSpotParameters(setup.finder.algorithm, setup.finder.parameters);
    return createLocalProcessor({
      source,
      scorer: await createOrtScorer(setup.networks.fixed, setup.networks.float),
      find: createFrameSpotFinder(finder, detector),
      radii: detector?.radii ?? null,
      stated: setup.stated,
      facts: decisionFacts(setup.networks.fixed, setup.meter),
    });
  } catch (error) {
    await source.close();
    throw error;
  }
}
