/** The official `onnx` package (Python, test-only, from `.ci/fetch-test-tools.sh`) as a checker and evaluator of models. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMissing, testTool } from '../tools.js';

export const ONNX_PYTHON = testTool('onnx');

/** Why tests that need Python's onnx are skipped here, or null. Never null-but-missing: in CI they run and fail. */
export const onnxMissing: string | null = isMissing(ONNX_PYTHON)
  ? 'the onnx package is not installed: run .ci/fetch-test-tools.sh'
  : null;

/** hls4ml, qonnx and ONNX Runtime's quantizer, of the same script. */
export const HLS4ML_PYTHON = testTool('hls4ml');
export const hls4mlMissing: string | null = isMissing(HLS4ML_PYTHON)
  ? 'hls4ml is not installed: run .ci/fetch-test-tools.sh'
  : null;

export interface OfficialJob {
  readonly model: Uint8Array;
  /** Raw frames, `uint16 [n, height, width]`; none: check only. */
  readonly frames?: {
    readonly data: readonly Uint16Array[];
    readonly size: readonly [number, number];
  };
}

export interface OfficialAnswer {
  readonly error?: string;
  /** Every value's inferred dims. */
  readonly shapes: Readonly<Record<string, readonly (number | string)[]>>;
  /** Values whose shape could not be inferred. */
  readonly unknown: readonly string[];
  readonly outputs: Readonly<
    Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly data: string }>
  >;
}

/** Runs the Python file `script` of this folder with `input` on stdin; resolves with its stdout. */
export async function runPython(
  script: string,
  input: string,
  args: readonly string[] = [],
  python: string = ONNX_PYTHON,
): Promise<string> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(python, [file, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (c: Buffer) => chunks.push(c));
  child.stderr.on('data', (c: Buffer) => errors.push(c));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`python: ${Buffer.concat(errors).toString().slice(-2000)}`);
  return Buffer.concat(chunks).toString();
}

export async function askOfficial(jobs: readonly OfficialJob[]): Promise<readonly OfficialAnswer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-onnx-'));
  try {
    const requests = jobs.map(({ model, frames }, i) => {
      const path = join(folder, `${i}.onnx`);
      writeFileSync(path, model);
      if (frames === undefined) return { model: path, inputs: {} };
      const data = Buffer.concat(frames.data.map((f) => Buffer.from(f.buffer, f.byteOffset, f.byteLength)));
      const shape = [frames.data.length, ...frames.size];
      return { model: path, inputs: { frames: { dtype: 'uint16', shape, data: data.toString('base64') } } };
    });
    return JSON.parse(await runPython('official.py', JSON.stringify(requests))) as OfficialAnswer[];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function outputBytes(answer: OfficialAnswer, name: string, dtype: string): ArrayBuffer {
  const output = answer.outputs[name];
  if (output?.dtype !== dtype) throw new Error(`no ${dtype} ${name}, but ${String(output?.dtype)}`);
  return new Uint8Array(Buffer.from(output.data, 'base64')).buffer;
}

/** An output of the reference evaluator as integers. */
export const int32Output = (answer: OfficialAnswer, name: string): Int32Array =>
  new Int32Array(outputBytes(answer, name, 'int32'));

/** An output of the reference evaluator as real values. */
export const floatOutput = (answer: OfficialAnswer, name: string): Float32Array =>
  new Float32Array(outputBytes(answer, name, 'float32'));
