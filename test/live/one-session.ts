/** A detector and a session in one process, for tests: 40 frames, two networks that each keep half of them. */
import { afterEach } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { convertToUint16 } from '../../src/data/pixels.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import type { LiveNetwork } from '../../src/live/decide/network.js';
import type { Networks } from '../../src/live/decide/work.js';
import type { Decision } from '../../src/live/decision.js';
import { createSession, type LiveEvent, type LiveOutcome, type LiveSession } from '../../src/live/session.js';
import type { LiveSettings } from '../../src/live/settings.js';
import type { LiveSink } from '../../src/live/sinks/sink.js';
import type { LiveSource } from '../../src/live/source.js';
import { openSimplon } from '../../src/live/sources/simplon.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { startEmulator, type Emulator, type EmulatedSeries } from './emulator.js';

export const [HEIGHT, WIDTH] = [40, 36];
export const frames = sampleFrames(40, HEIGHT * WIDTH);
export const series: EmulatedSeries = { id: 17, height: HEIGHT, width: WIDTH, frames };

/** `of` with the threshold that keeps half of the frames. */
async function halving(of: FixedGraph): Promise<FixedGraph> {
  const scores = (await createInterpreter(of).run(seenBy())).map(({ score }) => score).sort((a, b) => a - b);
  return { ...of, threshold: scores[frames.length / 2]! };
}

export const RULE = { sentinels: [65535], below: null, above: null, saturation: 60000 };
const seenBy = (): readonly Uint16Array[] =>
  frames.map((frame) => convertToUint16(frame.slice(), RULE, null, 1, 'largest').pixels);
export const graph = await halving(sampleFixedGraph({ height: HEIGHT, width: WIDTH }));
export const other = await halving(sampleFixedGraph({ height: HEIGHT, width: WIDTH, seed: 2 }));

/** What the definition says of the frames as a detector's stream has them. */
export async function defined(
  of: FixedGraph = graph,
): Promise<readonly { readonly score: number; readonly keep: boolean }[]> {
  return createInterpreter(of).run(seenBy());
}

export const networkOf = (fixed: FixedGraph): LiveNetwork => ({
  fixed,
  digest: `threshold ${fixed.threshold}`,
  model: emitFixedOnnx(fixed),
  threshold: fixed.threshold,
});

export const networksOf = (active: FixedGraph, shadow: FixedGraph | null = null): Networks => ({
  active: networkOf(active),
  shadow: shadow === null ? null : networkOf(shadow),
  maps: null,
});

export const SETTINGS: LiveSettings = {
  processes: 2,
  memoryBytes: 64e6,
  whenFull: 'wait',
  deadlineMs: Infinity,
  prescale: 0,
  prescaleKey: 0,
  overloads: 'largest',
  mask: null,
  frames: Infinity,
  series: 1,
  endWhenIdle: false,
};

/** Keeps what it is given. */
export function listSink(): LiveSink & { readonly decisions: Decision[] } {
  const decisions: Decision[] = [];
  return {
    name: 'list',
    decisions,
    deliver(delivery) {
      if (delivery.kind === 'frame') decisions.push(delivery.decision);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

export const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

export async function emulated(
  options: { readonly idleMs?: number } = {},
): Promise<{ readonly emulator: Emulator; readonly source: LiveSource }> {
  const emulator = await startEmulator();
  open.push(emulator);
  const source = await openSimplon(emulator.host, { idleMs: options.idleMs ?? 60_000, bufferBytes: 16e6 });
  open.push(source);
  return { emulator, source };
}

export async function run(
  messages: readonly Uint8Array[],
  settings: Partial<LiveSettings> = {},
  networks: Networks = networksOf(graph),
  sinks: readonly LiveSink[] = [],
  during: (session: LiveSession) => void = () => undefined,
): Promise<{
  readonly outcome: LiveOutcome;
  readonly decisions: readonly Decision[];
  readonly events: readonly LiveEvent[];
}> {
  const { emulator, source } = await emulated();
  const list = listSink();
  const events: LiveEvent[] = [];
  const session = createSession(source, networks, [list, ...sinks], { ...SETTINGS, ...settings }, (event) => {
    if (event.event !== 'delivered') events.push(event);
  });
  const done = session.run();
  emulator.send(messages).catch(() => undefined);
  during(session);
  return { outcome: await done, decisions: list.decisions, events };
}
