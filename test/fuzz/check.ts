/**
 * One network through everything: print and parse, the fast evaluator, ONNX Runtime on both files, the explanation, the C and the RTL
 * simulation; every integer against the interpreter.
 */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { HlsOptions } from '../../src/backends/dataflow/design.js';
import { PIXELS_PER_CLOCK } from '../../src/backends/dataflow/link.js';
import type { Link } from '../../src/backends/dataflow/link.js';
import { designRtl, type RtlDesign } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import { emitHls } from '../../src/backends/hls/emit.js';
import { hlsTemplates } from '../../src/backends/hls/templates.js';
import { UnsupportedError, UserError } from '../../src/core/errors.js';
import type { Random } from '../../src/core/random.js';
import { emitQdqOnnx } from '../../src/backends/onnx/qdq.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import type { NodeId } from '../../src/ir/common.js';
import { dequantize, fixedValues } from '../../src/explain/fixed-twin.js';
import { createExplainer } from '../../src/explain/grad-cam.js';
import { lsb } from '../../src/fixed/format.js';
import { findNode, veto, type FixedGraph } from '../../src/ir/graph.js';
import { isPreprocess } from '../../src/ir/ops/index.js';
import { parseGraph, parseGraphText, printGraph, serializeGraph } from '../../src/ir/serialize.js';
import { createCsim } from '../../src/backends/hls/csim.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { runProcess } from '../../src/simulate/process.js';
import type { FrameResult, Witness } from '../../src/simulate/witness.js';
import { buildRuntime, type Runtime } from '../../src/backends/rtl/verilator-build.js';
import { createRtl } from '../../src/backends/rtl/verilator.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { loadFpga } from '../../src/targets/load.js';
import { compareResults, describeDivergence } from '../../src/verify/divergence.js';
import { runDrills } from '../../src/verify/drills/run.js';
import { fuzzMaps } from './maps.js';
import { failedWith, type Outcome } from './outcome.js';

export const CHECKS = [
  'interpreter',
  'text',
  'evaluator',
  'explanation',
  'onnxruntime',
  'qdq-int8',
  'csim',
  'rtl',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** What of `HlsOptions` varies. */
export interface HlsChoice {
  readonly pixelsPerClock: NonNullable<HlsOptions['pixelsPerClock']>;
  readonly framesPerSecond?: number;
}

export interface Subject {
  readonly graph: FixedGraph;
  readonly frames: readonly Uint16Array[];
  readonly hls: HlsChoice;
}

const target = await loadFpga('kcu1500');

export function randomHls(random: Random): HlsChoice {
  const pixelsPerClock = random.pick(PIXELS_PER_CLOCK);
  return random.uniform() < 0.6
    ? { pixelsPerClock }
    : { pixelsPerClock, framesPerSecond: random.pick([1000, 10_000, 50_000]) };
}

function compareAll(
  graph: FixedGraph,
  expected: readonly FrameResult[],
  found: readonly FrameResult[],
): Outcome {
  let values = 0;
  const failed: { readonly frame: number; readonly stage: string; readonly text: string }[] = [];
  found.forEach((result, frame) => {
    const { compared, first } = compareResults(graph, expected[frame]!, result);
    values += compared;
    if (first !== null) failed.push({ frame, stage: first.stage, text: describeDivergence(graph, first) });
  });
  const [first] = failed;
  if (first === undefined) return { kind: 'same', values };
  return { kind: 'failed', stage: first.stage, frames: failed.map((f) => f.frame), text: first.text };
}

/** Drills that a network gets: those that drive its stages furthest. */
const DRILLS = { most: 6, seed: 1 } as const;

/** Every stage alone. A failure shows whatever the frames are. */
async function drill(witness: Witness, { graph, frames: asked }: Subject): Promise<Outcome> {
  const frames = [...asked.keys()];
  const { witnesses } = await runDrills(graph, createInterpreter(graph), [witness], DRILLS);
  const { values, first, failed } = witnesses[0]!;
  if (failed !== null) return { kind: 'failed', stage: 'drills', frames, text: failed };
  if (first !== null) return { kind: 'failed', stage: first.stage, frames, text: first.text };
  return { kind: 'same', values };
}

async function ask(witness: Witness, subject: Subject, expected: readonly FrameResult[]): Promise<Outcome> {
  try {
    const maps = fuzzMaps(subject.graph, subject.frames.length);
    const found = await witness.run(subject.frames, { tensors: true, maps });
    const framed = compareAll(subject.graph, expected, found);
    if (framed.kind !== 'same') return framed;
    const drilled = await drill(witness, subject);
    return drilled.kind === 'same' ? { kind: 'same', values: framed.values + drilled.values } : drilled;
  } finally {
    await witness.close();
  }
}

function checkText({ graph }: Subject): Outcome {
  const text = printGraph('fixed', graph);
  if (!isDeepStrictEqual(parseGraphText('fixed', text, 'text'), graph))
    return { kind: 'failed', stage: 'text', frames: [0], text: 'print → parse differs' };
  return isDeepStrictEqual(parseGraph('fixed', serializeGraph('fixed', graph), 'json'), graph)
    ? { kind: 'same', values: text.length }
    : { kind: 'failed', stage: 'json', frames: [0], text: 'serialize → parse differs' };
}

function checkEvaluator({ graph, frames }: Subject, expected: readonly FrameResult[]): Outcome {
  const evaluator = createFixedEvaluator(graph);
  const maps = fuzzMaps(graph, frames.length);
  const found = frames.map((frame, i): FrameResult => {
    const tensors = new Map<NodeId, Int32Array>();
    const look = (id: NodeId, mantissas: Int32Array) => tensors.set(id, mantissas.slice());
    const logits = evaluator.visit(frame, look, false, maps[i]);
    const score = veto(logits, graph.hitClasses);
    return { logits, score, keep: score >= graph.threshold, tensors };
  });
  return compareAll(graph, expected, found);
}

/** The file of int8 pairs as it stands: fused kernels may round otherwise. */
async function checkQdq(subject: Subject, expected: readonly FrameResult[]): Promise<Outcome> {
  const model = emitQdqOnnx(subject.graph, { intermediates: true });
  const witness = await createOrtWitness(subject.graph, { threads: 1, optimization: 'disabled' }, model);
  try {
    const maps = fuzzMaps(subject.graph, subject.frames.length);
    return compareAll(subject.graph, expected, await witness.run(subject.frames, { tensors: true, maps }));
  } finally {
    await witness.close();
  }
}

/** An explanation works on the very values that decided, and every stage passes a gradient on. */
async function checkExplanation(
  { graph, frames }: Subject,
  expected: readonly FrameResult[],
): Promise<Outcome> {
  await openBackend('cpu');
  const explainer = createExplainer(dequantize(graph), fixedValues(graph));
  let values = 0;
  const wrong = (frame: number, stage: string, text: string): Outcome => ({
    kind: 'failed',
    stage,
    frames: [frame],
    text,
  });
  try {
    for (const [i, pixels] of frames.entries()) {
      const activations = explainer.activations(pixels);
      for (const node of graph.nodes) {
        const { id, format } = node;
        const shown = activations.get(id);
        // Before its tables a frame is explained in pixels.
        if (shown === undefined && isPreprocess(node)) continue;
        const mantissas = expected[i]!.tensors.get(id)!;
        const unit = lsb(format);
        const at = mantissas.findIndex((m, k) => shown?.[k] !== Math.fround(m * unit));
        if (at >= 0)
          return wrong(i, id, `${id} decided with ${mantissas[at]! * unit}, explained with ${shown?.[at]}`);
        values += mantissas.length;
      }
      for (const layer of explainer.boundary) {
        const { gradient, target } = explainer.gradient(pixels, layer, { kind: 'hit' });
        if (!gradient.every(Number.isFinite)) return wrong(i, layer, `a gradient at ${layer} is not finite`);
        const score = Math.fround(expected[i]!.score * lsb(findNode(graph, graph.output).format));
        if (target !== score) return wrong(i, graph.output, `explains a score of ${target}, not of ${score}`);
      }
    }
    return { kind: 'same', values };
  } finally {
    explainer.dispose();
  }
}

let precompiled: Promise<readonly string[]> | undefined;

/** The templates parsed once for all projects: a third of the compiler's time for small networks. */
function precompiledFlags(): Promise<readonly string[]> {
  precompiled ??= (async () => {
    const templates = hlsTemplates();
    const folder = await mkdtemp(join(tmpdir(), 'vetoc-fuzz-pch-'));
    process.once('exit', () => {
      rmSync(folder, { recursive: true, force: true });
    });
    for (const [path, content] of Object.entries(templates)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const headers = Object.keys(templates).filter((p) => p.startsWith('vetoc/') && p.endsWith('.h'));
    const all = join(folder, 'all.h');
    await writeFile(all, [...headers, 'tb/probe.h'].map((h) => `#include "${h}"\n`).join(''));
    const flags = ['-std=c++14', '-O0', '-DVETOC_PROBES', '-Wno-unknown-pragmas', '-x', 'c++-header'];
    const folders = ['-isystem', join(folder, 'sim'), `-I${folder}`, `-I${join(folder, 'vetoc')}`];
    const built = await runProcess('g++', [...flags, ...folders, all, '-o', `${all}.gch`]);
    return built.kind === 'finished' && built.code === 0 ? ['-include', all] : [];
  })();
  return precompiled;
}

async function writeFiles(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-fuzz-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

const writeProject = (graph: FixedGraph, hls: HlsChoice): Promise<string> =>
  writeFiles(emitHls(graph, { target, ...hls }));

/** The project for `hls`, or for one pixel per clock at any rate where the wish cannot be had. */
async function project(graph: FixedGraph, hls: HlsChoice): Promise<string> {
  try {
    return await writeProject(graph, hls);
  } catch (error) {
    if (!(error instanceof UserError) || hls.framesPerSecond === undefined) throw error;
    return writeProject(graph, { pixelsPerClock: hls.pixelsPerClock });
  }
}

async function checkCsim(subject: Subject, expected: readonly FrameResult[]): Promise<Outcome> {
  const folder = await project(subject.graph, subject.hls);
  try {
    const csim = await createCsim(subject.graph, folder, { flags: ['-O0', ...(await precompiledFlags())] });
    return csim.kind === 'ready'
      ? await ask(csim.witness, subject, expected)
      : { kind: 'unsupported', reason: csim.reason };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How the frames arrive: networks take turns. */
const LINKS: readonly Partial<Link>[] = [
  {},
  { crc: true },
  { framing: 'tlast', header: false },
  { crc: true, fifoBeats: 32 },
];

/** The RTL for `choice`, or for one pixel per clock at any rate where the wish cannot be had. */
function rtlOf(graph: FixedGraph, choice: HlsChoice): RtlDesign {
  const link = LINKS[graph.nodes.length % LINKS.length]!;
  try {
    return designRtl(graph, { target, ...choice, link });
  } catch (error) {
    if (!(error instanceof UserError) || choice.framesPerSecond === undefined) throw error;
    return designRtl(graph, { target, pixelsPerClock: choice.pixelsPerClock, link });
  }
}

let runtime: Promise<Runtime | undefined> | undefined;

async function checkRtl(subject: Subject, expected: readonly FrameResult[]): Promise<Outcome> {
  const design = rtlOf(subject.graph, subject.hls);
  runtime ??= mkdtemp(join(tmpdir(), 'vetoc-fuzz-rtl-')).then((made) => {
    process.once('exit', () => {
      rmSync(made, { recursive: true, force: true });
    });
    return buildRuntime(made, '-O0');
  });
  const shared = await runtime;
  const folder = await writeFiles(emitRtl(design));
  try {
    const rtl = await createRtl(subject.graph, folder, parseModel(printModel(design), 'model.json'), {
      optimization: '-O0',
      ...(shared === undefined ? {} : { runtime: shared }),
    });
    return rtl.kind === 'ready'
      ? await ask(rtl.witness, subject, expected)
      : { kind: 'unsupported', reason: rtl.reason };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs one check. Whatever it throws, other than a refusal, is a failure. */
export async function check(name: CheckName, subject: Subject): Promise<Outcome> {
  try {
    const maps = fuzzMaps(subject.graph, subject.frames.length);
    const expected = await createInterpreter(subject.graph).run(subject.frames, { tensors: true, maps });
    switch (name) {
      case 'interpreter':
        return { kind: 'same', values: 0 };
      case 'text':
        return checkText(subject);
      case 'evaluator':
        return checkEvaluator(subject, expected);
      case 'onnxruntime':
        return await ask(await createOrtWitness(subject.graph, { threads: 1 }), subject, expected);
      case 'explanation':
        return await checkExplanation(subject, expected);
      case 'qdq-int8':
        return await checkQdq(subject, expected);
      case 'csim':
        return await checkCsim(subject, expected);
      case 'rtl':
        return await checkRtl(subject, expected);
    }
  } catch (error) {
    return error instanceof UnsupportedError
      ? { kind: 'unsupported', reason: error.message }
      : failedWith(error, subject.frames.length);
  }
}
