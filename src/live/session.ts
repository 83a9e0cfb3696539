/**
 * A live session: messages in, decisions and kept frames out, in the order of receipt.
 *
 * It fails safe as the firmware does: what cannot be decoded, does not fit the network or is not decided in time is kept
 * and flagged, and the prescale keeps its share of the misses.
 */
import { inputNode } from '../ir/graph.js';
import { prescaleChooses, prescaleShare } from '../ir/prescale.js';
import { createCounts, type LiveFigures } from './counts.js';
import { createCrew, type Crew } from './decide/crew.js';
import { inTime } from './decide/in-time.js';
import { seenPixels } from './decide/words.js';
import type { Networks } from './decide/work.js';
import type { Decision, Delivery } from './decision.js';
import { createQueue, type Queue, type SinkFigures } from './delivery.js';
import { DamagedBlock } from './protocol/lz4.js';
import { createSeriesBook, type Series } from './series.js';
import type { LiveSettings } from './settings.js';
import type { LiveSink } from './sinks/sink.js';
import type { LiveFrame, LiveMessage, LiveSource, SeriesFacts } from './source.js';

export type LiveEvent =
  | { readonly event: 'series'; readonly facts: SeriesFacts; readonly misfit: string | null }
  | {
      readonly event: 'series ends';
      readonly series: string;
      readonly frames: number;
      readonly missing: number;
    }
  | { readonly event: 'odd'; readonly problem: string }
  | {
      readonly event: 'undecodable';
      readonly series: string;
      readonly number: number | null;
      readonly problem: string;
    }
  /** A frame and all before it are delivered. */
  | { readonly event: 'delivered'; readonly decision: Decision }
  | { readonly event: 'idle' }
  | { readonly event: 'sink'; readonly sink: string; readonly problem: string | null };

export interface LiveOutcome extends LiveFigures {
  /** Deliveries that a sink never took. */
  readonly undelivered: number;
  readonly ended: 'closed' | 'idle' | 'frames' | 'series' | 'stopped';
}

export interface LiveSession {
  /** Goes on until the source or a limit ends it, or `stop`. Sinks are closed then. */
  run(): Promise<LiveOutcome>;
  /** Takes no more messages; what was received is decided and delivered. A second call gives up on sinks that take nothing. */
  stop(): void;
  figures(): LiveFigures;
  readonly waitingBytes: () => number;
  readonly waiting: () => number;
  readonly sinks: () => readonly SinkFigures[];
  /** Whether a series runs and every sink takes what it is given. */
  readonly ready: () => boolean;
  /** Frames that are received from now on are decided by these networks and maps, which take frames of the same size. */
  exchange(networks: Networks): void;
  readonly crew: Crew;
}

const bytesOf = ({ raw }: LiveMessage, frame: LiveFrame): number =>
  raw?.length ?? ('pixels' in frame.image ? frame.image.pixels.byteLength : 0);

export function createSession(
  source: LiveSource,
  networks: Networks,
  sinks: readonly LiveSink[],
  settings: LiveSettings,
  emit: (event: LiveEvent) => void,
): LiveSession {
  const size = inputNode(networks.active.fixed).size;
  const crew = createCrew(networks, settings.processes);
  const counts = createCounts();
  const giveUp = new AbortController();
  const queue: Queue = createQueue({
    sinks,
    memoryBytes: settings.memoryBytes,
    giveUp: giveUp.signal,
    onTrouble: (sink, error) => {
      emit({ event: 'sink', sink: sink.name, problem: error?.message ?? null });
    },
    onDelivered(delivery) {
      if (delivery.kind !== 'frame') return;
      counts.decided(delivery.decision);
      emit({ event: 'delivered', decision: delivery.decision });
    },
  });
  let [received, stopped] = [0, false];
  let [seen, serial] = [seenPixels(networks.maps), networks.maps?.serial ?? null];
  function misfit({ height, width, serial: own }: SeriesFacts): string | null {
    if (height !== size[0] || width !== size[1])
      return `frames of ${height}×${width}, the network takes ${size.join('×')}`;
    const isOther = serial !== null && typeof own === 'string' && own !== serial;
    return isOther ? `frames of the detector ${own}, the maps are of ${serial}` : null;
  }
  const book = createSeriesBook(
    misfit,
    settings,
    (series) => {
      counts.begin();
      const { facts } = series;
      if (facts !== null) emit({ event: 'series', facts, misfit: series.misfit() });
    },
    ({ name, frames, numbering }) => {
      emit({ event: 'series ends', series: name, frames, missing: numbering.missing() });
    },
  );

  function takeFrame(message: LiveMessage, frame: LiveFrame): void {
    const series = book.of(frame);
    series.frames += 1;
    received += 1;
    const again =
      frame.number !== null && series.facts?.counted !== false && series.numbering.take(frame.number);
    const full = queue.waitingBytes() > settings.memoryBytes;
    const misfit = series.misfit();
    // Maps that take over later are not those of this frame.
    const now = seen;
    const pixels = (): Uint16Array | null => {
      if ('problem' in frame.image || misfit !== null) return null;
      try {
        return now(frame.image, series.setup, size);
      } catch (error) {
        if (error instanceof DamagedBlock) return null;
        throw error;
      }
    };
    const deliver = (decision: Decision): Delivery => {
      if (decision.reason === 'malformed')
        emit({
          event: 'undecodable',
          series: frame.series,
          number: frame.number,
          problem: decision.problem ?? '',
        });
      return { kind: 'frame', message, frame, decision, pixels };
    };
    queue.push(decide(message, frame, series, misfit, again, full).then(deliver), bytesOf(message, frame));
  }

  async function decide(
    { received: at }: LiveMessage,
    frame: LiveFrame,
    series: Series,
    misfit: string | null,
    again: boolean,
    full: boolean,
  ): Promise<Decision> {
    const base = {
      series: frame.series,
      number: frame.number,
      repeated: again,
      score: null,
      logits: null,
      network: null,
      networkKeep: null,
      shadowKeep: null,
      weight: 1,
      problem: null,
    };
    const made = (): { readonly latencyMs: number } => ({ latencyMs: performance.now() - at });
    const kept = (reason: Decision['reason'], problem: string | null): Decision => ({
      ...base,
      keep: true,
      reason,
      problem,
      ...made(),
    });
    if ('problem' in frame.image) return kept('malformed', frame.image.problem);
    if (misfit !== null) return kept('unfit', misfit);
    if (full && settings.whenFull === 'keep') return kept('full', null);
    if (full && settings.whenFull === 'drop') return { ...base, keep: false, reason: 'dropped', ...made() };
    const decided = await inTime(
      crew.decide(series.setup, frame.image),
      settings.deadlineMs - (performance.now() - at),
    );
    if (decided === 'late') return kept('late', `not decided after ${settings.deadlineMs} ms`);
    if ('problem' in decided) return kept('malformed', decided.problem);
    const { keep, ...verdict } = decided.verdict;
    const told = { ...base, ...verdict, networkKeep: keep, ...made() };
    const { prescale, prescaleKey } = settings;
    const chosen =
      !keep && frame.number !== null && prescaleChooses(BigInt(frame.number), prescale, prescaleKey);
    if (chosen) return { ...told, keep: true, reason: 'prescale', weight: 1 / prescaleShare(prescale) };
    return { ...told, keep, reason: 'score' };
  }

  async function take(message: LiveMessage): Promise<void> {
    switch (message.kind) {
      case 'start':
        book.begin(message.facts, message.facts.series);
        queue.push({ kind: 'start', message, facts: message.facts }, 0);
        break;
      case 'frame':
        if (settings.whenFull === 'wait') await queue.roomFor(bytesOf(message, message.frame));
        takeFrame(message, message.frame);
        break;
      case 'end':
        book.end();
        queue.push({ kind: 'end', message }, 0);
        break;
      case 'other':
        if (message.problem !== null) {
          counts.odd();
          emit({ event: 'odd', problem: message.problem });
        }
        queue.push({ kind: 'other', message }, 0);
        break;
    }
  }

  async function receive(): Promise<LiveOutcome['ended']> {
    let ended = 0;
    for (;;) {
      if (stopped) return 'stopped';
      if (received >= settings.frames) return 'frames';
      const message = await source.next();
      if (message === 'closed') return stopped ? 'stopped' : 'closed';
      if (message === 'idle') {
        book.end();
        emit({ event: 'idle' });
        if (settings.endWhenIdle) return 'idle';
        continue;
      }
      await take(message);
      if (message.kind === 'end' && ++ended >= settings.series) return 'series';
    }
  }

  const figures = (): LiveFigures =>
    counts.figures({
      missing: book.missing(),
      repeated: book.repeated(),
      replacedProcesses: crew.replaced(),
    });

  return {
    async run() {
      try {
        // Frames that came before would only wait.
        await crew.ready();
        const ended = await receive();
        await source.close();
        await queue.close();
        book.end();
        return { ...figures(), undelivered: queue.undelivered(), ended };
      } finally {
        await source.close();
        await crew.close();
      }
    },
    stop() {
      if (stopped) giveUp.abort();
      stopped = true;
      void source.close();
    },
    figures,
    ready: () => book.isOpen() && !queue.sinks().some(({ failing }) => failing),
    waitingBytes: queue.waitingBytes,
    waiting: queue.waiting,
    sinks: queue.sinks,
    exchange: (next) => {
      [seen, serial] = [seenPixels(next.maps), next.maps?.serial ?? null];
      crew.exchange(next);
    },
    crew,
  };
}
