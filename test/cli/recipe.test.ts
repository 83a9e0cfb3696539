import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseRecipe, withAbsolutePaths } from '../../src/run/recipe.js';

const DEFAULTS = { frames: { kind: 'simulate', count: 40 }, preprocess: {}, training: {} };
const recipe = (more: object) =>
  withAbsolutePaths(
    parseRecipe(JSON.stringify({ version: 1, name: 'paths', ...DEFAULTS, ...more }), 'paths.json'),
  );

describe('a recipe with absolute paths', () => {
  it('names every file that the run reads as it is read from any folder', () => {
    const { frames, training, calibration, model } = recipe({
      frames: { kind: 'files', paths: ['night/*.cbf#/data[0:5]'], options: { mask: 'bad:mask.npy' } },
      training: { network: 'nets/mine.json' },
      calibration: { from: ['quiet.h5'] },
      model: { path: 'my.onnx', sha256: '0'.repeat(64) },
    });
    expect(frames).toMatchObject({
      paths: [resolve('night/*.cbf#/data[0:5]')],
      options: { mask: `bad:${resolve('mask.npy')}` },
    });
    expect(training.network).toBe(resolve('nets/mine.json'));
    expect(calibration.from).toEqual([resolve('quiet.h5')]);
    expect(model?.path).toBe(resolve('my.onnx'));
  });

  it('keeps the names of networks and sets, and layers in full', () => {
    const { frames, training, calibration } = recipe({ training: { network: 'veto-nano' } });
    expect(frames.kind).toBe('simulate');
    expect(training.network).toBe('veto-nano');
    expect(calibration.from).toBe('run');
    expect(recipe({ calibration: { from: 'set' } }).calibration.from).toBe('set');
    const layers = [
      { op: 'globalPool', mode: 'avg' },
      { op: 'dense', units: 'classes' },
    ];
    expect(recipe({ training: { network: layers } }).training.network).toMatchObject(layers);
  });
});
