/** A deciding process: unpacks images, and puts those that wait together through the networks. */
import { InvariantError } from '../../core/errors.js';
import { createRandom } from '../../core/random.js';
import { servesParent } from '../../core/worker.js';
import { inputNode } from '../../ir/graph.js';
import type { FrameResult } from '../../simulate/witness.js';
import { DamagedBlock } from '../protocol/lz4.js';
import { createDecider, type Decider } from './decider.js';
import type { LiveNetwork } from './network.js';
import {
  SETUPS_KEPT,
  type Answer,
  type Networks,
  type Ready,
  type SeriesSetup,
  type Verdict,
  type Work,
} from './work.js';
import { seenPixels } from './words.js';

/** Frames in one call at most: more would make the first of them wait. */
const BATCH = 8;

interface Opened {
  readonly network: LiveNetwork;
  readonly decider: Decider;
}

/** Opens `network` and rehearses: the decider is checked against the required form before a frame waits for it. */
async function open(network: LiveNetwork): Promise<Opened> {
  const decider = await createDecider(network, BATCH);
  await decider.run(rehearsal(inputNode(network.fixed).size));
  return { network, decider };
}

/** Frames of `size` between which a decider shows itself: nothing, a few counts, spots on them, any counts, the most. */
function rehearsal([height, width]: readonly [number, number]): Uint16Array[] {
  const random = createRandom(1);
  const frame = (count: () => number): Uint16Array => Uint16Array.from({ length: height * width }, count);
  const few = (): number => random.integer(0, 12);
  return [
    frame(() => 0),
    frame(few),
    frame(() => (random.integer(0, 999) === 0 ? random.integer(100, 3000) : few())),
    frame(() => random.integer(0, 65535)),
    frame(() => 65535),
  ];
}

type FrameWork = Extract<Work, { kind: 'frame' }>;

function start(): void {
  const series = new Map<number, SeriesSetup>();
  let [active, shadow]: [Opened | null, Opened | null] = [null, null];
  let seen = seenPixels(null);

  async function exchange(next: Networks): Promise<void> {
    const before = [active, shadow];
    [active, shadow] = [await open(next.active), next.shadow === null ? null : await open(next.shadow)];
    seen = seenPixels(next.maps);
    for (const old of before) await old?.decider.close();
    answer({ ready: true });
  }

  async function decide(frames: readonly FrameWork[], { network, decider }: Opened): Promise<void> {
    const { size } = inputNode(network.fixed);
    const ready: { readonly task: number; readonly pixels: Uint16Array }[] = [];
    for (const { task, series: number, image } of frames) {
      try {
        ready.push({
          task,
          pixels: seen(image, series.get(number)!, size),
        });
      } catch (error) {
        if (!(error instanceof DamagedBlock)) throw error;
        answer({ task, damaged: error.message });
      }
    }
    if (ready.length === 0) return;
    const pixels = ready.map((one) => one.pixels);
    const results = await decider.run(pixels);
    const others = await shadow?.decider.run(pixels);
    ready.forEach(({ task }, i) => {
      answer({ task, verdict: verdictOf(results[i]!, network, others?.[i] ?? null) });
    });
  }

  function verdictOf(
    { score, logits }: FrameResult,
    { threshold, digest }: LiveNetwork,
    other: FrameResult | null,
  ): Verdict {
    return {
      network: digest,
      score,
      keep: score >= threshold,
      logits: Int32Array.from(logits),
      shadowKeep: other === null || shadow === null ? null : other.score >= shadow.network.threshold,
    };
  }

  const queue: Work[] = [];
  let busy = false;
  async function drain(): Promise<void> {
    busy = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (next.kind === 'networks') await exchange(next.networks);
      else if (next.kind === 'series') {
        series.set(next.setup.series, next.setup);
        if (series.size > SETUPS_KEPT) series.delete(series.keys().next().value!);
      } else {
        const frames = [next];
        while (frames.length < BATCH && queue[0]?.kind === 'frame') frames.push(queue.shift() as FrameWork);
        await (
          active === null
            ? Promise.reject(new InvariantError('no network came first'))
            : decide(frames, active)
        ).catch((error: unknown) => {
          const defect = error instanceof Error ? (error.stack ?? error.message) : String(error);
          for (const { task } of frames) answer({ task, defect });
        });
      }
    }
    busy = false;
  }
  const answer = servesParent<Work, Answer | Ready>((work) => {
    queue.push(work);
    if (!busy) void drain();
  });
}

start();
