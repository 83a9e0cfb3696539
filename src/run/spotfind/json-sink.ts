/** What was found on all frames, as one JSON document. */
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SpotFinderSettings } from '../../spotfind/parameters.js';
import type { Sink } from './sinks.js';

/** Writes text, at the pace of who reads it. */
type Print = (text: string) => Promise<void> | void;

/**
 * Gives `print` one JSON document when all is done, and nothing where that fails. Until then it stands in a file: a night of
 * data does not fit into one string.
 */
export const jsonSink =
  (print: Print) =>
  (settings: SpotFinderSettings): Sink => {
    const folder = mkdtempSync(join(tmpdir(), 'vetoc-spotfind-'));
    const path = join(folder, 'frames.json');
    const file = openSync(path, 'w');
    const write = (text: string): void => {
      writeSync(file, `${text}\n`);
    };
    const end = (): void => {
      closeSync(file);
      rmSync(folder, { recursive: true });
    };
    const { maxPeaks, minPeaks } = settings.hit;
    const hit = { minPeaks, maxPeaks: maxPeaks === Infinity ? null : maxPeaks };
    const automatic = settings.algorithm !== 'peakfinder8' && settings.autoSpotSize;
    const size = automatic ? { minSpotSize: 'auto' } : {};
    write(`{"algorithm": ${JSON.stringify(settings.algorithm)},`);
    write(
      `"parameters": ${JSON.stringify({ ...settings.parameters, ...size, ...settings.limits, ...hit })},\n"frames": [`,
    );
    let separator = '';
    return {
      add(finding) {
        write(`${separator}${JSON.stringify(finding)}`);
        separator = ',';
      },
      async close(summary) {
        write(`],\n"summary": ${JSON.stringify(summary)}}`);
        for await (const text of createReadStream(path, 'utf8')) await print(text as string);
        end();
      },
      discard: end,
    };
  };
