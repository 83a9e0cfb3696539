/** Training under a teacher: its opinion in the loss, a pupil that learns from it alone, and teachers that do not fit. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTeacher } from '../../src/run/stages/teacher.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { tf } from '../../src/tensorflow/tf.js';
import { lossPerFrame } from '../../src/train/gradient.js';
import type { Teacher } from '../../src/train/teacher.js';
import { trainNetwork } from '../../src/train/train.js';
import { writeRun } from '../cli/written-run.js';
import { brightGraph } from '../explain/small-graphs.js';
import { sampleFloatGraph } from '../onnx/sample-float.js';
import { inputNode } from '../../src/ir/graph.js';
import { bareGraph, graph, recipe, train, validation } from './toy-training.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-teacher-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the loss under a teacher', () => {
  it('shares the cross-entropy between the label and the softened opinion, times the temperature squared', async () => {
    await openBackend('cpu');
    const [student, said] = [
      [0.3, 1.7],
      [2, -1],
    ];
    const teacher = { weight: 0.75, temperature: 2 };
    const options = { labelSmoothing: 0, vetoLoss: 0, classWeights: [1, 3], teacher };
    const [loss] = lossPerFrame(bareGraph(), tf.tensor2d(student, [1, 2]), [1], options, [said]).dataSync();
    const softmax = ([a, b]: readonly number[], t: number): readonly number[] => {
      const [x, y] = [Math.exp(a! / t), Math.exp(b! / t)];
      return [x / (x + y), y / (x + y)];
    };
    const hard = -Math.log(softmax(student, 1)[1]!);
    const soft = softmax(said, 2).reduce((sum, p, k) => sum - p * Math.log(softmax(student, 2)[k]!), 0);
    expect(loss).toBeCloseTo(3 * (0.25 * hard + 0.75 * 4 * soft), 5);
  });
});

/** Knows the truth of the frames, whatever their labels say. */
const truthful: Teacher = {
  mark: 'truth',
  logits: (pixels) =>
    Promise.resolve((train.frames as readonly Uint16Array[]).indexOf(pixels) % 2 === 1 ? [-4, 4] : [4, -4]),
};

describe('a pupil', () => {
  // Half of each kind are labelled wrongly: labels say nothing.
  const misled = { ...train, label: (i: number) => (i % 4 < 2 ? i % 2 : 1 - (i % 2)) };
  const asked = (weight: number) => ({
    graph,
    train: misled,
    validation,
    recipe: recipe({ epochs: 14, vetoLoss: 0, teacher: { model: 'truth', weight, temperature: 1 } }),
    seed: 1,
    backend: 'wasm' as const,
    teacher: truthful,
  });

  it('learns from its teacher what the labels do not say', async () => {
    const accuracy = async (weight: number): Promise<number> =>
      (await trainNetwork(asked(weight))).history.at(-1)!.validation.hitMissAccuracy;
    expect(await accuracy(1)).toBeGreaterThan(0.85);
    expect(await accuracy(0)).toBeLessThan(0.75);
  });

  it('is not trained under a teacher that its recipe does not know, nor without the one that it names', async () => {
    const { teacher, ...alone } = asked(1);
    await expect(trainNetwork(alone)).rejects.toThrow(/teacher/);
    await expect(trainNetwork({ ...alone, recipe: recipe(), teacher })).rejects.toThrow(/teacher/);
  });
});

describe('a teacher', () => {
  const bright = brightGraph(32);
  const float = sampleFloatGraph();
  const [height, width] = inputNode(float).size;
  const pupil = {
    classNames: float.classNames,
    hitClasses: float.hitClasses,
    size: [height, width] as const,
  };
  beforeAll(async () => {
    await writeRun(join(folder, 'run'), bright, float);
  });

  it('is a run, or a graph of one, and says what its float network says', async () => {
    const { teacher, close } = await openTeacher(join(folder, 'run'), pupil);
    const logits = await teacher.logits(new Uint16Array(height * width).fill(5));
    expect(logits).toHaveLength(float.classNames.length);
    await close();
    const file = await openTeacher(join(folder, 'run', 'float', 'graph.json'), pupil);
    expect(file.teacher.mark).toBe(teacher.mark);
    await file.close();
  });

  it.each([
    ['nothing', 'nowhere', {}, /nowhere: training\.teacher\.model: is not there/],
    [
      'other classes',
      'run',
      { classNames: ['no', 'yes'] },
      /run: training\.teacher\.model: the teacher knows the classes/,
    ],
    [
      'hits that are others',
      'run',
      { hitClasses: float.hitClasses.map((hit) => !hit) },
      /other classes are hits to the teacher/,
    ],
    [
      'other frames',
      'run',
      { size: [64, 48] as const },
      /the teacher takes frames of \d+×\d+, the network is trained on 64×48/,
    ],
  ])('is refused where it is %s', async (_what, model, other, message) => {
    await expect(openTeacher(join(folder, model), { ...pupil, ...other })).rejects.toThrow(message);
  });
});
