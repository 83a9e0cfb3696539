/** `vetoc spotfind`: the classical spot finders on any frames, with peak lists that CrystFEL reads. */
import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { writerOf } from '../../core/files.js';
import { table } from '../../core/table.js';
import type { Sink } from '../../run/spotfind/sinks.js';
import { spotfind, type SpotfindOutcome, type SpotfindRequest } from '../../run/spotfind/run.js';
import type { SpotFinderSettings } from '../../spotfind/parameters.js';
import { say, showEvents } from '../console.js';
import { addFinderOptions, FINDER_HELP } from '../finder-options.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { pairOption } from '../option-values.js';

const EXAMPLES = `${FINDER_HELP}
${FRAME_HELP}

Examples:
  vetoc spotfind frames.h5
  vetoc spotfind frames.h5 --algorithm peakfinder8 -p adc_threshold=250 -p min_snr=6 --out peaks.cxi --with-frames
  vetoc spotfind frames.h5 --algorithm dispersion-extended -p sigma_strong=3 -p d_min=2.5 --pixel-size 0.3 --csv spots.csv

The CXI file is for CrystFEL: indexamajig --peaks=cxi`;

interface Options extends Omit<SpotfindRequest, 'frames'> {
  readonly json?: boolean;
}

/**
 * Prints one JSON document when all is done, and nothing where that fails. Until then it stands in a file: a night of
 * data does not fit into one string.
 */
function jsonSink(settings: SpotFinderSettings): Sink {
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
      const print = writerOf(process.stdout);
      for await (const text of createReadStream(path, 'utf8')) await print(text as string);
      end();
    },
    discard: end,
  };
}

const BANDS = [0, 1, 5, 10, 20, 50, 100, 200, 500] as const;

function report({ tallies, settings, totals: sum }: SpotfindOutcome): void {
  const rows = BANDS.map((from, k) => {
    const below = BANDS[k + 1] ?? Infinity;
    const frames = tallies.filter(({ count }) => count >= from && count < below).length;
    const label =
      below === from + 1 ? `${from}` : below === Infinity ? `${from} and more` : `${from}–${below - 1}`;
    return [label, String(frames), '█'.repeat(Math.round((40 * frames) / Math.max(1, tallies.length)))];
  });
  say(table(['spots', 'frames', ''], rows));
  say(`\n${sum.spots} spots on ${sum.frames} frames, median ${sum.medianSpots}, most ${sum.mostSpots}`);
  const { minPeaks, maxPeaks } = settings.hit;
  if (minPeaks > 0 || maxPeaks < Infinity)
    say(
      `${sum.hits} hits (${maxPeaks === Infinity ? `${minPeaks} spots or more` : `${minPeaks} to ${maxPeaks} spots`})`,
    );
  if (sum.tooManyStrong > 0)
    say(
      `${sum.tooManyStrong} frames have more strong pixels than max_strong_pixel_fraction allows ` +
        'and count as without spots: is the gain right?',
    );
}

export function define(command: Command): void {
  command.argument('<frames...>', 'frames, see below');
  addFrameOptions(addFinderOptions(command))
    .option(
      '--panels <YxX>',
      'the frame is this many equal panels',
      pairOption('--panels', 'x', (n) => Number.isInteger(n) && n > 0),
    )
    .option('-o, --out <file.cxi>', 'write the peak lists as CXI')
    .option('--with-frames', 'write the frames into the CXI file too')
    .option('--csv <file.csv>', 'write one line a spot')
    .option('--json', 'print everything as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (frames: readonly string[], options: Options) => {
      const request = { ...options, frames };
      if (options.json === true) await spotfind(request, showEvents(), jsonSink);
      else report(await spotfind(request, showEvents()));
    });
}
