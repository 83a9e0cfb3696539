/** `vetoc live`: a run's fixed-point network on frames as they come. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Writable } from 'node:stream';
import { UserError } from '../core/errors.js';
import { openFrames } from '../data/open.js';
import { refuseRaw } from '../ir/frame-maps.js';
import { MAX_PRESCALE } from '../ir/prescale.js';
import { inputNode } from '../ir/graph.js';
import { createSession, type LiveEvent, type LiveOutcome } from '../live/session.js';
import type { LiveNetwork } from '../live/decide/network.js';
import type { Networks } from '../live/decide/work.js';
import type { LiveSettings, WhenFull } from '../live/settings.js';
import { openLiveSink } from '../live/sinks/index.js';
import { openLiveSource } from '../live/sources/index.js';
import { serveMetrics } from '../live/metrics.js';
import { serveLivePage } from '../live/view/serve.js';
import { createWatch } from '../live/view/watch.js';
import { networkDigest } from './digests.js';
import { loadRun, RUN_FILES } from './folder.js';
import { frameOptions } from './frame-options.js';
import { liveMaps, type LiveMapsWish } from './live-maps.js';

export interface LiveRequest extends LiveMapsWish {
  readonly from: string;
  readonly to: readonly string[];
  /** A second run that sees the same frames and decides nothing. */
  readonly canary?: string;
  /** In the network's levels; that of the run unless given. */
  readonly threshold?: number;
  readonly processes?: number;
  /** MB of frames that may wait. */
  readonly memory: number;
  readonly whenFull: WhenFull;
  /** Milliseconds. */
  readonly deadline?: number;
  readonly prescale: number;
  readonly prescaleKey: number;
  readonly mask?: string;
  readonly overloads: 'mask' | 'largest';
  readonly channel?: string;
  readonly frames?: number;
  readonly series?: number;
  /** Seconds. */
  readonly idle: number;
  readonly endWhenIdle?: boolean;
  /** Port; 0 for any. */
  readonly metrics?: number;
  /** Port of the live page; 0 for any. */
  readonly view?: number;
}

export type LiveRunEvent =
  | LiveEvent
  | {
      readonly event: 'open';
      readonly source: string;
      readonly metrics: string | null;
      readonly view: string | null;
    };

async function networkOf(dir: string, threshold: number | undefined): Promise<LiveNetwork> {
  const { fixed, float, path } = await loadRun(dir);
  refuseRaw('deciding frames of a stream', fixed, 'name a run for counts, and maps with --maps');
  const file = path(RUN_FILES.fixedOnnx);
  const model = await readFile(file).catch(() => {
    throw new UserError('cannot be read', { file, remedy: 'write it again with vetoc export onnx' });
  });
  return { fixed, digest: networkDigest(fixed, float), model, threshold: threshold ?? fixed.threshold };
}

/** Networks and maps of a request, read anew. Throws `UserError` where the two do not take frames of one size. */
async function readNetworks(dir: string, request: LiveRequest): Promise<Networks> {
  const { canary, threshold } = request;
  const active = await networkOf(dir, threshold);
  const shadow = canary === undefined ? null : await networkOf(canary, undefined);
  const sizes = [active, shadow ?? active].map(({ fixed }) => inputNode(fixed).size.join('×'));
  if (sizes[0] !== sizes[1])
    throw new UserError(`takes frames of ${sizes[1]}, ${dir} of ${sizes[0]}`, {
      file: canary!,
      field: '--canary',
      remedy: 'name a run for the same detector',
    });
  return { active, shadow, maps: await liveMaps(request, inputNode(active.fixed).size) };
}

async function readMask(
  text: string | undefined,
  size: readonly [number, number],
): Promise<Uint8Array | null> {
  if (text === undefined) return null;
  const bad = text.startsWith('bad:');
  const file = bad ? text.slice(4) : text;
  const source = await openFrames(file);
  try {
    if (source.height !== size[0] || source.width !== size[1])
      throw new UserError(
        `has ${source.height}×${source.width} pixels, the network takes ${size.join('×')}`,
        {
          file,
          field: '--mask',
          remedy: 'give a mask of this detector',
        },
      );
    const { pixels } = await source.read(0);
    return Uint8Array.from(pixels, (value) => Number((value !== 0) !== bad));
  } finally {
    await source.close();
  }
}

export interface LiveRun {
  /** Ends with the session. */
  readonly done: Promise<LiveOutcome>;
  /** As `LiveSession.stop`. */
  stop(): void;
  /** Reads the run (and the canary, and the maps) again, and decides by them from now on. Throws `UserError`, and nothing changes. */
  reload(): Promise<void>;
}

/** Opens source and sinks and starts. Throws `UserError`; then nothing is open. */
export async function startLive(
  dir: string,
  request: LiveRequest,
  stdout: Writable,
  emit: (event: LiveRunEvent) => void,
): Promise<LiveRun> {
  if (request.prescale > MAX_PRESCALE)
    throw new UserError(`is at most ${MAX_PRESCALE}`, { field: '--prescale' });
  const networks = await readNetworks(dir, request);
  let latest = networks.active;
  const known = new Map([[latest.digest, latest]]);
  const { size } = inputNode(latest.fixed);
  const mask = await readMask(request.mask, size);
  const memoryBytes = request.memory * 1e6;
  const reading = {
    ...frameOptions({
      overloads: request.overloads,
      ...(request.mask === undefined ? {} : { mask: request.mask }),
    }),
    words: networks.maps !== null,
  };
  const source = await openLiveSource(request.from, {
    size,
    reading,
    idleMs: request.idle * 1e3,
    // What waits in the sockets of both ends comes on top of what waits here.
    bufferBytes: memoryBytes / 4,
    ...(request.channel === undefined ? {} : { channel: request.channel }),
  });
  const sinks: Awaited<ReturnType<typeof openLiveSink>>[] = [];
  const closeAll = async (): Promise<void> => {
    await source.close();
    for (const sink of sinks) await sink.close();
  };
  try {
    const passed = request.to.find((name) => name.startsWith('stream://'));
    if (passed !== undefined && !source.passable)
      throw new UserError('passes on messages of frames, and this source has none', {
        file: passed,
        field: '--to',
        remedy: 'write kept frames as FILE.cxi',
      });
    if (source.trains !== true && request.to.some((name) => name.startsWith('exdf:')))
      throw new UserError('flags trains and pulses, and this source has none', {
        file: request.to.find((name) => name.startsWith('exdf:'))!,
        field: '--to',
        remedy: 'write decisions as FILE.jsonl, or into ledger:DIR',
      });
    const { prescale, prescaleKey } = request;
    const networkOf = (digest: string | null): LiveNetwork => known.get(digest ?? latest.digest) ?? latest;
    const asked = { run: dir, source: source.name, prescale, prescaleKey, networkOf, stdout };
    for (const name of request.to) sinks.push(await openLiveSink(name, asked));
    const settings: LiveSettings = {
      processes: request.processes ?? availableParallelism(),
      memoryBytes,
      whenFull: request.whenFull,
      deadlineMs: request.deadline ?? Infinity,
      prescale: request.prescale,
      prescaleKey: request.prescaleKey,
      overloads: request.overloads,
      mask,
      frames: request.frames ?? Infinity,
      series: request.series ?? Infinity,
      endWhenIdle: request.endWhenIdle === true,
    };
    const watch = request.view === undefined ? null : createWatch();
    const all = watch === null ? sinks : [...sinks, watch.sink];
    const session = createSession(source, networks, all, settings, (event) => {
      if (event.event === 'delivered') metrics?.decided(event.decision);
      watch?.event(event);
      emit(event);
    });
    const metrics = request.metrics === undefined ? null : await serveMetrics(session, request.metrics);
    const page =
      watch === null
        ? null
        : await serveLivePage(
            (after) => watch.state(session, after),
            request.view!,
            (error) => {
              emit({ event: 'odd', problem: `the live page: ${String(error)}` });
            },
          );
    emit({
      event: 'open',
      source: source.name,
      metrics: metrics?.address ?? null,
      view: page?.url ?? null,
    });
    return {
      done: session.run().finally(async () => {
        await metrics?.close();
        await page?.close();
      }),
      stop: () => {
        session.stop();
      },
      async reload() {
        const next = await readNetworks(dir, request);
        const now = inputNode(next.active.fixed).size;
        if (String(now) !== String(size))
          throw new UserError(`takes frames of ${now.join('×')} now, and took ${size.join('×')}`, {
            file: dir,
            remedy: 'start vetoc live anew',
          });
        latest = next.active;
        known.set(latest.digest, latest);
        session.exchange(next);
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
