/**
 * What the live page shows, gathered beside the sinks: a frame a second is looked at (its picture, and the peaks that a
 * spot finder sees), scores are held for drift, and what is out of order becomes an alarm.
 *
 * Which frame is looked at depends on the clock alone, so that the vetoed ones among them are a fair sample of all that were
 * vetoed: the share with peaks, with its interval, says what the veto may lose.
 */
import { scoreWindows, windowLength, type ScoredFrame } from '../../audit/drift.js';
import { DEFAULT_SPOTS } from '../../audit/reference.js';
import { createFrameSpotFinder } from '../../spotfind/finder.js';
import { parseSpotParameters } from '../../spotfind/parameters.js';
import { proportion, type Proportion } from '../../statistics/proportion.js';
import type { Delivery } from '../decision.js';
import type { LiveEvent, LiveSession } from '../session.js';
import type { LiveSink } from '../sinks/sink.js';
import { pictureOf, type Picture } from './picture.js';
import { recentSeconds, type Second } from './windows.js';

/** Milliseconds between two frames that are looked at. */
const LOOK_EVERY_MS = 1000;
const PICTURES = 12;
/** Frames whose scores are held for drift. */
const SCORES = 20_000;
/** Seconds that alarms look back over. */
const ALARM_SECONDS = 60;
/** Seconds without a frame, within a series, from which on that is said. */
const QUIET_SECONDS = 10;
/** The share of hits lost that is an alarm where the interval lies wholly above it. */
const LOSS_LIMIT = 0.01;

export interface SeenFrame extends Picture {
  readonly id: number;
  readonly series: string;
  readonly number: number | null;
  readonly keep: boolean;
  readonly reason: string;
  readonly score: number | null;
  /** Rows and columns of peaks, in pixels of the frame. */
  readonly peaks: readonly (readonly [number, number])[];
  readonly height: number;
  readonly width: number;
}

export interface LiveState {
  readonly running: boolean;
  readonly figures: ReturnType<LiveSession['figures']>;
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Frames a second over the last ten seconds. */
  readonly rate: number;
  readonly seconds: readonly Second[];
  readonly windows: readonly { readonly median: number | null; readonly drifted: boolean }[];
  /** Of the vetoed frames that were looked at, those with peaks. */
  readonly vetoedWithPeaks: Proportion | null;
  /** Share of all hits that this would mean were lost; null before anything is kept or looked at. */
  readonly lost: { readonly value: number; readonly low: number; readonly high: number } | null;
  readonly alarms: readonly string[];
  readonly frames: readonly SeenFrame[];
}

export interface Watch {
  /** Stands among the session's sinks. */
  readonly sink: LiveSink;
  event(event: LiveEvent): void;
  /** What the page is told; frames with an id above `after` alone. */
  state(session: LiveSession, after: number): LiveState;
}

export function createWatch(now: () => number = () => Date.now() / 1000): Watch {
  const find = createFrameSpotFinder(parseSpotParameters('peakfinder8', []), null);
  const seconds = recentSeconds(now);
  const scores: ScoredFrame[] = [];
  const frames: SeenFrame[] = [];
  const troubled = new Map<string, string>();
  let [looked, frame, id, lastFrame] = [-Infinity, 0, 0, now()];
  let [vetoed, vetoedWithPeaks, gaps] = [0, 0, 0];
  let inSeries = false;

  function look({ decision, frame: seen, pixels: unpack }: Extract<Delivery, { kind: 'frame' }>): void {
    const pixels = unpack();
    if (pixels === null || !('height' in seen.image)) return;
    const { height, width } = seen.image;
    const { spots } = find({ height, width, pixels, mask: null });
    const { series, number, keep, reason, score, networkKeep } = decision;
    if (networkKeep === false) {
      vetoed += 1;
      vetoedWithPeaks += Number(spots.length >= DEFAULT_SPOTS);
    }
    const peaks = spots.map(({ y, x }) => [y, x] as const);
    id += 1;
    frames.push({
      id,
      series,
      number,
      keep,
      reason,
      score,
      peaks,
      height,
      width,
      ...pictureOf(pixels, height, width),
    });
    if (frames.length > PICTURES) frames.shift();
  }

  const sink: LiveSink = {
    name: 'the live page',
    deliver(delivery) {
      if (delivery.kind !== 'frame') return Promise.resolve();
      const { decision } = delivery;
      seconds.add(decision);
      lastFrame = now();
      scores.push({ frame: frame++, score: decision.score, keep: decision.keep });
      if (scores.length > SCORES) scores.splice(0, scores.length - SCORES / 2);
      if (performance.now() - looked >= LOOK_EVERY_MS) {
        looked = performance.now();
        look(delivery);
      }
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };

  function lossOf(share: Proportion | null, session: LiveSession): LiveState['lost'] {
    const { frames: all, kept, byReason } = session.figures();
    const undecided = all - byReason.score - byReason.prescale;
    const hits = kept - byReason.prescale - (undecided - byReason.dropped);
    const misses = byReason.score + byReason.prescale - hits;
    if (share === null || hits + share.value * misses === 0) return null;
    const lost = (rate: number): number => (rate * misses) / Math.max(1, hits + rate * misses);
    return { value: lost(share.value), low: lost(share.low), high: lost(share.high) };
  }

  return {
    sink,
    event(event) {
      if (event.event === 'series') inSeries = true;
      if (event.event === 'series ends' || event.event === 'idle') inSeries = false;
      if (event.event === 'series ends') gaps += event.missing;
      if (event.event !== 'sink') return;
      if (event.problem === null) troubled.delete(event.sink);
      else troubled.set(event.sink, event.problem);
    },
    state(session, after) {
      const figures = session.figures();
      const windows = scoreWindows(scores, windowLength(scores.length));
      const share = vetoed === 0 ? null : proportion(vetoedWithPeaks, vetoed);
      const lost = lossOf(share, session);
      const { undecided } = seconds.last(ALARM_SECONDS);
      const quiet = now() - lastFrame;
      const alarms = [
        ...[...troubled].map(([name, problem]) => `${name} takes nothing: ${problem}`),
        ...(undecided > 0 ? [`${undecided} frames in the last minute were not decided`] : []),
        ...(inSeries && quiet > QUIET_SECONDS
          ? [`no frame for ${quiet.toFixed(0)} s, and the series has not ended`]
          : []),
        ...(figures.missing > 0
          ? [`${figures.missing} frames never came${gaps > 0 ? '' : ', in this series'}`]
          : []),
        ...(figures.replacedProcesses > 0 ? [`${figures.replacedProcesses} deciding processes died`] : []),
        ...(windows.at(-1)?.drifted === true
          ? ['the score is not where it was: the last window has drifted']
          : []),
        ...(lost !== null && lost.low > LOSS_LIMIT
          ? [`more than ${(100 * LOSS_LIMIT).toFixed(0)} % of the hits may be lost: vetoed frames show peaks`]
          : []),
      ];
      return {
        running: inSeries,
        figures,
        waiting: session.waiting(),
        waitingBytes: session.waitingBytes(),
        rate: seconds.last(10).frames / 10,
        seconds: seconds.all(),
        windows: windows.map(({ median, drifted }) => ({ median, drifted })),
        vetoedWithPeaks: share,
        lost,
        alarms,
        frames: frames.filter((one) => one.id > after),
      };
    },
  };
}
