/** A live session's decisions, held against those of `vetoc score`. */
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { quantile } from '../../../src/statistics/quantile.js';

export interface Scored {
  readonly score: number;
  readonly keep: boolean;
}

interface DecisionRow extends Scored {
  readonly frame: number;
  readonly reason: string;
  readonly latencyMs: number;
}

/** What `vetoc score` says of every frame of `frames`, in order. */
export async function scoresByCommand(run: string, frames: string, out: string): Promise<readonly Scored[]> {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
  await promisify(execFile)(process.execPath, [
    ...['--import', tsx, main, 'score', run, '--frames', frames, '--out', out, '--replace'],
  ]);
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Scored);
}

/**
 * Reads the decisions in `file`. `problems` names every frame of 0 to `frames` − 1 that is missing, comes twice or is
 * decided otherwise than `right`, whose frames come again and again.
 */
export async function decisionsOf(
  file: string,
  frames: number,
  right: readonly Scored[],
): Promise<{ readonly latencies: Float64Array; readonly problems: readonly string[] }> {
  const seen = new Uint8Array(frames);
  const latencies: number[] = [];
  const problems: string[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const row = JSON.parse(line) as DecisionRow;
    latencies.push(row.latencyMs);
    const { score, keep } = right[row.frame % right.length]!;
    if (seen[row.frame]! > 0) problems.push(`frame ${row.frame} is decided twice`);
    seen[row.frame] = 1;
    if (row.reason !== 'score') problems.push(`frame ${row.frame} is ${row.reason}`);
    else if (row.score !== score || row.keep !== keep)
      problems.push(`frame ${row.frame} has the score ${row.score}, vetoc score says ${score}`);
  }
  seen.forEach((times, frame) => {
    if (times === 0) problems.push(`frame ${frame} has no decision`);
  });
  return { latencies: Float64Array.from(latencies), problems };
}

export const quantilesOf = (values: Float64Array, fractions: readonly number[]): readonly number[] =>
  fractions.map((fraction) => quantile(values, fraction));
