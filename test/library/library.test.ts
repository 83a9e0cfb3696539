/** The library: what it exports, what it loads, and the examples of its use. */
import { spawnSync } from 'node:child_process';
import { isBuiltin } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { explainOne } from '../examples/explain-frame.js';
import { quantizeOnnx } from '../examples/quantize-onnx.js';
import { scoreFile } from '../examples/score-frames.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { writeRun } from '../cli/written-run.js';
import { brightGraph } from '../explain/small-graphs.js';
import { sampleFrames } from '../sample-graphs.js';
import { entries, SURFACE_FILE, surface } from './surface.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-library-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Packages that a script asks for while it runs in a process of its own. */
function packagesLoaded(script: string): readonly string[] {
  const hooks = `export async function resolve(name, context, next) {
    if (/^[@a-z]/.test(name) && !/^(node|file|data):/.test(name)) console.error('LOADED ' + name);
    return next(name, context);
  }`;
  const watched = `import { register } from 'node:module';
    register('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(hooks))});
    ${script}`;
  const run = ['--import', 'tsx', '--input-type=module', '-e', watched];
  const { status, stderr } = spawnSync(process.execPath, run, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  const names = stderr.split('\n').flatMap((line) => /^LOADED (.*)$/.exec(line)?.[1] ?? []);
  return [...new Set(names)].filter((name) => !isBuiltin(name));
}

describe('the library', () => {
  it('exports what its report says (npm run surface writes the report anew)', () => {
    expect(surface()).toBe(readFileSync(SURFACE_FILE, 'utf8'));
  });

  it.each(entries().map(([name, source]) => [name, source]))(
    'loads TensorFlow.js, DuckDB, ONNX Runtime and h5wasm where they are used, not with %s',
    (_, source) => {
      const loaded = packagesLoaded(`await import('${new URL(`../../${source}`, import.meta.url).href}');`);
      expect(loaded.filter((name) => /^(@tensorflow|@duckdb|onnxruntime|h5wasm)/.test(name))).toEqual([]);
    },
  );

  it('is told apart from a part that does load TensorFlow.js', () => {
    const part = new URL('../../src/explain/methods.ts', import.meta.url).href;
    expect(packagesLoaded(`await import('${part}');`)).toContain('@tensorflow/tfjs');
  });

  it('is not loaded by vetoc --help, which needs commander alone', () => {
    const main = new URL('../../src/cli/main.ts', import.meta.url).href;
    expect(packagesLoaded(`process.argv[2] = '--help'; await import('${main}');`)).toEqual(['commander']);
  });
});

describe('the examples', () => {
  it('make firmware of an ONNX file', async () => {
    const out = join(folder, 'firmware');
    const { bits, files } = await quantizeOnnx('test/onnx/models/keras.onnx', out);
    expect(bits).toBeGreaterThan(0);
    expect(files).toContain('README.md');
    expect(readFileSync(join(out, 'README.md'), 'utf8')).not.toBe('');
  });

  it('score the frames of a file, and explain one', async () => {
    const [run, frames] = [join(folder, 'run'), join(folder, 'frames.h5')];
    const fixed = brightGraph(32);
    await writeRun(run, fixed, dequantize(fixed));
    const writer = await createHdf5(frames);
    const dataset = writer.growing('/entry/data/data', 'u2', [32, 32], 1, 'none');
    for (const frame of sampleFrames(4, 32 * 32, 1)) dataset.append(frame);
    await writer.commit();
    const scores = await scoreFile(run, frames);
    expect(scores).toHaveLength(4);
    const [first] = scores;
    const explained = await explainOne(run, `${frames}#0`, join(folder, 'why'));
    expect(explained).toMatchObject({ score: first!.score, keep: first!.keep });
  });
});
