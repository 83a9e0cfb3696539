/** Everything that the compiler emits for the cases, as text files by path. */
import { sampleFrames } from '../sample-graphs.js';
import { CASES, type ReplayCase } from './cases.js';
import {
  calibrationSchema,
  designHls,
  emitDesign,
  emitFixedOnnx,
  emitFloatOnnx,
  emitQdqOnnx,
  emitQonnx,
  goldenFiles,
  inputNode,
  interpret,
  loadFpga,
  printGraph,
  quantizationSchema,
  quantizeNetwork,
  registerTable,
  UnsupportedError,
  type Design,
  type FixedGraph,
  type FloatGraph,
} from './compiler.js';
import { onnxText } from './onnx-text.js';
import { plainText, sha256 } from './plain.js';

/** Paths with `/`, and text. */
export type Emitted = Readonly<Record<string, string>>;

const framesFor = (graph: FixedGraph | FloatGraph, count: number, seed: number): Uint16Array[] => {
  const { size } = inputNode(graph);
  return sampleFrames(count, size[0] * size[1], seed);
};

interface Networks {
  readonly float?: FloatGraph;
  /** What the passes make of it before it is quantized. */
  readonly prepared?: FloatGraph;
  readonly fixed: FixedGraph;
}

async function networksOf({ network }: ReplayCase): Promise<Networks> {
  if ('fixed' in network) return { fixed: network.fixed() };
  const float = network.float();
  const frames = framesFor(float, 2, 21).map((pixels) => ({ pixels, spots: null }));
  const { fixed, prepared } = await quantizeNetwork(float, frames, {
    quantization: quantizationSchema.parse({ biasCorrection: false, ...network.quantization }),
    calibration: calibrationSchema.parse({ observer: 'min-max' }),
  });
  return { float, prepared, fixed };
}

/** A dialect that cannot say the network says why: that is emitted, too. */
function orReason(emit: () => Uint8Array): string {
  try {
    return onnxText(emit());
  } catch (error) {
    if (error instanceof UnsupportedError) return `refused: ${error.message}\n`;
    throw error;
  }
}

const onnxFiles = ({ float, fixed }: Networks): Emitted => ({
  ...(float === undefined ? {} : { 'onnx/float.txt': onnxText(emitFloatOnnx(float)) }),
  'onnx/fixed.txt': orReason(() => emitFixedOnnx(fixed)),
  'onnx/fixed-intermediates.txt': orReason(() => emitFixedOnnx(fixed, { intermediates: true })),
  'onnx/qdq.txt': orReason(() => emitQdqOnnx(fixed, { uint8: true })),
  'onnx/qdq-int8.txt': orReason(() => emitQdqOnnx(fixed)),
  'onnx/qonnx.txt': orReason(() => emitQonnx(fixed)),
});

/** A plan names its nodes; what they are stands in `fixed.txt`. */
const planText = ({ plan }: Design): string =>
  plainText({
    ...plan,
    stages: plan.stages.map((stage) => ({ ...stage, ...('node' in stage ? { node: stage.node.id } : {}) })),
  });

function hlsFiles(fixed: FixedGraph, design: Design): Emitted {
  const { fifos, ...schedule } = design.schedule;
  const project = Object.entries({
    ...emitDesign(design),
    ...goldenFiles(design, framesFor(fixed, 1, 5), (network, frame) => interpret(network, frame, true)),
  }).map(([path, content]) => [
    `hls/${path}`,
    typeof content === 'string' ? content : `${content.length} bytes, sha256 ${sha256(content)}\n`,
  ]);
  return {
    'plan.txt': planText(design),
    'schedule.txt': plainText(schedule),
    'fifos.txt': fifos.map((f) => `${f.stream}: ${f.depth} × ${f.wordBits} bits, ${f.reason}\n`).join(''),
    'registers.txt': `${registerTable(fixed)}\n`,
    ...(Object.fromEntries(project) as Emitted),
  };
}

export async function emitCase(replayCase: ReplayCase): Promise<Emitted> {
  const networks = await networksOf(replayCase);
  const { float, prepared, fixed } = networks;
  const target = await loadFpga(replayCase.target);
  const files = {
    ...(float === undefined ? {} : { 'float.txt': printGraph('float', float) }),
    ...(prepared === undefined ? {} : { 'prepared.txt': printGraph('float', prepared) }),
    'fixed.txt': printGraph('fixed', fixed),
    ...onnxFiles(networks),
    ...hlsFiles(fixed, designHls(fixed, { target, ...replayCase.hls })),
  };
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [`${replayCase.name}/${path}`, text]),
  );
}

/** Files that are the same for all networks come once: the templates of `hls-templates/`. */
function withoutRepeats(all: Emitted): Emitted {
  const isTemplate = (path: string): boolean => /\/hls\/(firmware\/vetoc|tb|sim)\//.test(path);
  const shared = new Map<string, Set<string>>();
  for (const [path, text] of Object.entries(all)) {
    const rest = path.slice(path.indexOf('/') + 1);
    shared.set(rest, (shared.get(rest) ?? new Set()).add(text));
  }
  return Object.fromEntries(
    Object.entries(all).map(([path, text]) => {
      const rest = path.slice(path.indexOf('/') + 1);
      return [isTemplate(path) && shared.get(rest)!.size === 1 ? `every-network/${rest}` : path, text];
    }),
  );
}

export async function emitAll(): Promise<Emitted> {
  const all: Record<string, string> = {};
  for (const replayCase of CASES) Object.assign(all, await emitCase(replayCase));
  const files = Object.entries(withoutRepeats(all));
  return Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}
