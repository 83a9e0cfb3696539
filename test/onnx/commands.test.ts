/** `vetoc score` and `vetoc export onnx` on a run folder, in this process. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { createFixedGraphBuilder } from '../../src/ir/build.js';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { createProgram } from '../../src/cli/program.js';
import { loadRecipe, recipeHash } from '../../src/run/recipe.js';
import { RUN_FILES } from '../../src/run/folder.js';
import { openHdf5 } from '../../src/data/hdf5/file.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { lsb } from '../../src/fixed/format.js';
import { findNode } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { writeRun } from '../cli/written-run.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { sampleFloatGraph } from './sample-float.js';

const SIZE = [40, 36] as const;
const graph = sampleFixedGraph();
const frames = sampleFrames(21, SIZE[0] * SIZE[1], 8);
let folder = '';
let run = '';
let data = '';
const recipe = await loadRecipe('demo');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-score-'));
  run = join(folder, 'run');
  data = join(folder, 'frames.h5');
  await writeRun(run, graph, sampleFloatGraph(1, [SIZE[0], SIZE[1]]));
  const writer = await createHdf5(data);
  const dataset = writer.growing('/entry/data/data', 'u2', SIZE, 1, 'none');
  for (const frame of frames) dataset.append(frame);
  await writer.commit();
  await vetoc('export', 'onnx', run, '--json');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs a command; what it printed on stdout. */
async function vetoc(...words: string[]): Promise<string> {
  const printed: string[] = [];
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  try {
    const program = await createProgram(words[0]);
    await program.parseAsync(['node', 'vetoc', ...words]);
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
  return printed.join('');
}

const score = (...options: string[]): Promise<string> =>
  vetoc('score', run, '--frames', data, '--readers', '1', '--batch', '8', ...options);

describe('vetoc score', () => {
  it('prints the interpreter’s scores, decisions and logits in the order of the frames', async () => {
    const [header, ...lines] = (await score()).trimEnd().split('\n');
    expect(header).toBe('file,index,score,keep,"miss","hit"');
    const expected = frames.map((frame, index) => {
      const { score: value, keep, logits } = interpret(graph, frame);
      return [`"${data}"`, index, value, Number(keep), ...logits].join(',');
    });
    expect(lines).toEqual(expected);
    expect(new Set(lines.map((line) => line.split(',')[2])).size).toBeGreaterThan(1);
  });

  it('writes the same as JSON lines', async () => {
    const file = join(folder, 'scores.jsonl');
    await score('--out', file);
    const rows = (await readFile(file, 'utf8')).trimEnd().split('\n');
    rows.forEach((row, i) => {
      const { score: value, keep, logits } = interpret(graph, frames[i]!);
      expect(JSON.parse(row)).toEqual({
        file: data,
        index: i,
        score: value,
        keep,
        logits: { miss: logits[0], hit: logits[1] },
      });
    });
    expect(rows.length).toBe(frames.length);
  });

  it('writes the same into HDF5, with what the numbers mean', async () => {
    const path = join(folder, 'scores.h5');
    await score('--out', path);
    const file = await openHdf5(path, path);
    const expected = frames.map((frame) => interpret(graph, frame));
    const numbers = (name: string): number[] => Array.from(file.readAll(name) as ArrayLike<number>, Number);
    expect(numbers('/score')).toEqual(expected.map((e) => e.score));
    expect(numbers('/keep')).toEqual(expected.map((e) => Number(e.keep)));
    expect(numbers('/logits')).toEqual(expected.flatMap((e) => [...e.logits]));
    expect(numbers('/index')).toEqual(frames.map((_, i) => i));
    expect(numbers('/file')).toEqual(frames.map(() => 0));
    expect(file.readAll('/files')).toEqual([data]);
    const fact = (name: string): number => Number(file.attribute('/score', name));
    expect(fact('threshold')).toBe(graph.threshold);
    expect(fact('lsb')).toBe(lsb(findNode(graph, graph.output).format));
    expect(file.attribute('/logits', 'classes')).toEqual(graph.classNames);
    file.close();
  });

  it('refuses an ending that says no format before it opens anything, and leaves no file', async () => {
    await expect(score('--out', join(folder, 'scores.txt'))).rejects.toThrow(/ending/);
    expect((await readdir(folder)).filter((name) => name.startsWith('scores.txt'))).toEqual([]);
  });
});

describe('vetoc verify --simulators ort', () => {
  it('runs each provider that the machine has and says what the others lack', async () => {
    const printed = await vetoc(
      ...[
        'verify',
        run,
        '--simulators',
        'ort',
        '--provider',
        'cpu',
        'cuda',
        '--frames',
        data,
        '--count',
        '2',
      ],
      ...['--random', '2', '--aimed', '0', '--tries', '0', '--dry-run', '--json'],
    );
    const { witnesses, verdict } = JSON.parse(printed) as {
      verdict: string;
      witnesses: { witness: string; values: number; mismatches: number; skipped: string | null }[];
    };
    const [cpu, cuda] = witnesses;
    expect(witnesses.map(({ witness }) => witness)).toEqual(['onnxruntime', 'onnxruntime-cuda']);
    expect(cpu!.values).toBeGreaterThan(1000);
    expect(cpu!.mismatches).toBe(0);
    if (cuda!.skipped === null) expect(cuda!.mismatches).toBe(0);
    else {
      expect(cuda!.skipped).toMatch(/cannot run this model on cuda: .*needs an NVIDIA GPU/s);
      expect(verdict).toBe('incomplete');
    }
    process.exitCode = 0;
  });
});

describe('vetoc export onnx', () => {
  it('names the layers that stay in float in the dialect of 8 bits', async () => {
    const printed = await vetoc('export', 'onnx', run, '--dialect', 'qdq-int8');
    expect(printed).toMatch(/qdq-int8: \w+ stays in float: weights outside \[-127, 127\]/);
  });

  it('writes what the emitter gives, with the recipe’s hash and the version in it', async () => {
    const model = ModelProto.decode(await readFile(join(run, RUN_FILES.fixedOnnx)));
    const facts = new Map(model.metadataProps.map(({ key, value }) => [key, value]));
    expect(facts.get('vetoc.dialect')).toBe('fixed');
    expect(facts.get('vetoc.recipe_sha256')).toBe(recipeHash(recipe));
    expect(facts.get('vetoc.threshold')).toBe('5');
    expect(model.graph!.node!.length).toBe(ModelProto.decode(emitFixedOnnx(graph)).graph!.node!.length);
  });

  it('writes nothing when one of the dialects is refused', async () => {
    const out = join(folder, 'refused');
    const other = join(folder, 'other');
    const b = createFixedGraphBuilder();
    for (const node of graph.nodes)
      b.add(
        node.id === graph.output ? { ...node, format: { ...node.format, quantization: 'AP_RND_INF' } } : node,
      );
    await writeRun(other, b.build({ ...graph }), sampleFloatGraph(1, [SIZE[0], SIZE[1]]));
    await expect(vetoc('export', 'onnx', other, '--dialect', 'fixed', 'qonnx', '--out', out)).rejects.toThrow(
      /qonnx/,
    );
    await expect(readdir(out)).rejects.toThrow(/ENOENT/);
  });
});
