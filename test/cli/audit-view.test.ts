/** `vetoc audit view` as a process: the page is served, strangers are refused, a signal ends it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { interpret } from '../../src/simulate/interpret.js';
import { brightGraph } from '../explain/small-graphs.js';
import { sampleFrames } from '../sample-graphs.js';
import { runCli } from './run-cli.js';
import { writeRun } from './written-run.js';

const SIDE = 32;
const fixed = brightGraph(SIDE);
const frames = sampleFrames(5, SIDE * SIDE, 2);
let folder = '';
let run = '';
let geometry = '';
let data = '';

/** One panel that fills the frame. */
const GEOM = `clen = 0.1
photon_energy = 9500
res = 10000
p0/min_fs = 0
p0/max_fs = 31
p0/min_ss = 0
p0/max_ss = 31
p0/corner_x = -16
p0/corner_y = -16
p0/fs = x
p0/ss = y
`;

const startView = (...words: string[]): ChildProcess =>
  spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', 'audit', 'view', ...words], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** The exit code of `child`. */
const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });

/** The address that a view prints. Rejects where it ends without one. */
function address(child: ChildProcess): Promise<string> {
  let stderr = '';
  child.stderr!.on('data', (part: Buffer) => (stderr += part.toString()));
  return new Promise((resolve, reject) => {
    child.stdout!.on('data', (part: Buffer) => {
      const found = /http:\S+/.exec(part.toString());
      if (found !== null) resolve(found[0]);
    });
    child.on('close', (code) => {
      reject(new Error(`ended with ${code}: ${stderr}`));
    });
  });
}

interface Page {
  readonly status: number;
  readonly text: string;
  readonly cookie: string;
}

/** Status and text of a page, asked for under `host`. */
function get(url: string, host: string, cookie = ''): Promise<Page> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host, cookie } }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.on('end', () => {
        const given = String(response.headers['set-cookie']).split(';')[0]!;
        resolve({ status: response.statusCode!, text, cookie: given });
      });
    })
      .on('error', reject)
      .end();
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-audit-view-'));
  [run, geometry, data] = ['run', 'detector.geom', 'frames.h5'].map((name) => join(folder, name)) as [string, string, string]; // prettier-ignore
  await writeRun(run, fixed, dequantize(fixed));
  await writeFile(geometry, GEOM);
  const writer = await createHdf5(data);
  const dataset = writer.growing('/entry/data/data', 'u2', [SIDE, SIDE], 1, 'none');
  for (const frame of frames) dataset.append(frame);
  await writer.commit();
  const audit = await runCli('audit', run, '--frames', data, '--geometry', geometry, '--reference', '0', '--threads', '1'); // prettier-ignore
  expect(audit.stderr).toContain('Audit: 5 frames');
  expect(audit.code).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('vetoc audit view', () => {
  it('serves the page and the frames, refuses a foreign host, and ends with 0 at a signal', async () => {
    const child = startView(run, '--port', '0');
    const end = ended(child);
    try {
      const url = await address(child);
      const { host, port } = new URL(url);
      expect(host).toBe(`127.0.0.1:${port}`);
      const home = new URL('/', url).href;
      const frame = new URL('/api/frames/3', url).href;
      expect((await get(home, host)).status).toBe(401);
      expect((await get(frame, host)).status).toBe(401);
      const { cookie } = await get(url, host);
      const page = await get(home, host, cookie);
      expect(page.status).toBe(200);
      expect(page.text).toContain('<!doctype html>');
      const shown = await get(frame, host, cookie);
      expect(shown.status).toBe(200);
      expect(JSON.parse(shown.text)).toMatchObject({
        row: { frame: 3, score: interpret(fixed, frames[3]!).score },
      });
      expect((await get(url, 'evil.example')).status).toBe(403);
      expect((await get(frame, `evil.example:${port}`, cookie)).status).toBe(403);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await end).toBe(0);
  });

  it('says where to look when the geometry file of the audit is gone, and takes it where it is now', async () => {
    const moved = join(folder, 'moved.geom');
    await rename(geometry, moved);
    try {
      for (const command of ['view', 'report']) {
        const { code, stderr } = await runCli('audit', command, run);
        expect(code, command).toBe(2);
        expect(stderr).toContain('detector.geom: the geometry file of the audit cannot be read (ENOENT)');
        expect(stderr).toContain('say where it is now: --geometry FILE');
      }
      const report = await runCli('audit', 'report', run, '--geometry', moved);
      expect(report).toMatchObject({ code: 0, stdout: `${join(run, 'audit/report.html')}\n` });
    } finally {
      await copyFile(moved, geometry);
    }
  });
});
