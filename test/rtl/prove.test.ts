/** A proof counts for the files that it is of: what was asked, by make or by vetoc, of what stands in the project now. */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import type { ProofList } from '../../src/backends/rtl/proof-list.js';
import { proofsIn } from '../../src/backends/rtl/prove.js';
import { verifyFolder, type VerificationRecord } from '../../src/run/verification.js';
import { runProcess } from '../../src/simulate/process.js';
import { describeVerification } from '../../src/text/index.js';
import { writeFiles, writeProject } from '../hls/project.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { rtlDesign } from './project.js';

const graph = sampleFixedGraph();
const files = emitRtl(rtlDesign(graph));
const list = JSON.parse(files['formal/proofs.json']!) as ProofList;
// Two that take no time.
const proofs = ['link_2', list.proofs.find((p) => p.name.startsWith('requantize_'))!.name].map((name) =>
  list.proofs.find((p) => p.name === name)!,
);
const short = { ...files, 'formal/proofs.json': JSON.stringify({ ...list, proofs }) };

const run = writeProject({ 'onnx/fixed.onnx': emitFixedOnnx(graph) });
const folder = join(run, 'rtl');
const restore = (): void => {
  rmSync(folder, { recursive: true, force: true });
  writeFiles(folder, short);
};
beforeAll(restore);
afterAll(() => {
  rmSync(run, { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const ask = { onProgress: () => undefined };
const verdicts = async (prove: typeof ask | null): Promise<readonly (readonly [string, string | null])[]> =>
  (await proofsIn(folder, prove))!.statements.map((s) => [s.verdict, s.why] as const);
const verified = (prove?: typeof ask): Promise<VerificationRecord> => {
  const pixels = sampleFrames(1, 40 * 36, 3)[0]!;
  const frames = [{ name: 'frame', kind: 'file' as const, pixels }];
  const options = { witnesses: ['onnxruntime'], threads: 1, ...(prove === undefined ? {} : { prove }) };
  return verifyFolder(run, graph, frames, options);
};
const spoil = (from: string, to: string): void => {
  const path = join(folder, 'rtl/vetoc/vetoc_requantize.sv');
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
};

describe('proofs of a project', () => {
  it('are open until somebody asks, and make asks for vetoc', async () => {
    const unasked = ['open', 'nobody has asked yet'] as const;
    expect(await verdicts(null)).toEqual([unasked, unasked]);
    const made = await runProcess('make', ['-C', folder, 'build/formal/link_2.txt']);
    expect(made).toMatchObject({ code: 0 });
    expect(await verdicts(null)).toEqual([['proved', null], unasked]);
    const [link] = (await proofsIn(folder, null))!.statements;
    expect(link!.by).toMatch(/^Yosys \d/);
    expect(link!.about.length).toBeGreaterThan(1);
    expect(link!.files).toContain('rtl/vetoc/vetoc_fifo.sv');
  });

  it('are open again where a file of theirs has changed, and proved where vetoc asks', async () => {
    appendFileSync(join(folder, 'rtl/vetoc/vetoc_fifo.sv'), '\n// another file\n');
    expect((await verdicts(null))[0]).toEqual([
      'open',
      'proved before rtl/vetoc/vetoc_fifo.sv became what it is now',
    ]);
    const proved = ['proved', null] as const;
    expect(await verdicts(ask)).toEqual([proved, proved]);
    expect(await verdicts(null)).toEqual([proved, proved]);
  });

  it('are none in a folder without their list', async () => {
    expect(await proofsIn(run, ask)).toBeNull();
  });
});

describe('a verification', () => {
  it('names what was proved of the arithmetic and of the RTL, and what was only tested, and by whom', async () => {
    restore();
    const record = await verified(ask);
    expect(record.verdict).toBe('exact');
    const { statements, tested } = record.proofs;
    expect(statements.map((s) => [s.part, s.verdict])).toEqual([
      ['the arithmetic', 'proved'],
      ['the arithmetic', 'proved'],
      ['SystemVerilog', 'proved'],
      ['SystemVerilog', 'proved'],
    ]);
    const hashed = new Set(record.files.map((f) => f.path));
    for (const path of statements[2]!.files) expect(hashed.has(path), path).toBe(true);
    expect(tested[0]).toEqual({
      part: 'ONNX',
      what: 'every value and decision',
      of: [],
      by: ['onnxruntime'],
    });
    // Nobody ran the RTL.
    expect(new Set(tested.slice(1).map((t) => `${t.part} ${t.by.length}`))).toEqual(
      new Set(['SystemVerilog 0']),
    );
    const text = describeVerification(record);
    expect(text).toContain('no sum leaves its accumulator (');
    expect(text).toContain('by no witness');
  });

  it('is different where a statement is refuted, and says which', async () => {
    spoil('0: up1 = half && (sticky || odd);', '0: up1 = half;');
    // What was proved before is not believed of these files; nobody has asked of them.
    const before = await verified();
    expect([before.verdict, before.proofs.statements.at(-1)!.verdict]).toEqual(['exact', 'open']);
    const record = await verified(ask);
    expect(record.verdict).toBe('different');
    expect(describeVerification(record)).toMatch(
      /REFUTED, SystemVerilog: .* rounds and limits every accumulator/,
    );
  });

  it('is incomplete where Yosys was to be asked and is not there', async () => {
    restore();
    vi.stubEnv('PATH', '/nowhere');
    const record = await verified(ask);
    expect(record.verdict).toBe('incomplete');
    expect(describeVerification(record)).toContain(
      'Not proved: 2 statements about SystemVerilog: Yosys is not installed',
    );
  });
});
