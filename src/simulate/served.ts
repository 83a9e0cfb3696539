/**
 * A simulator that is a program of its own: what the witnesses behind `tb/serve.cpp` of the HLS and of the RTL projects
 * share. Requests go in batches, one after the other or shared out among processes; an answer is the logits, the decision,
 * and every stage if asked for.
 */
import { rm } from 'node:fs/promises';
import { temporaryFolder } from '../core/temporary.js';
import { elements, type NodeId } from '../ir/common.js';
import { mapOf, mapsNodes, NO_MAPS } from '../ir/frame-maps.js';
import { fixedShapes, inputNode, type FixedGraph } from '../ir/graph.js';
import type { PrescaleQuestion } from '../ir/prescale.js';
import type { Server } from './process.js';
import type { FrameResult, Witness } from './witness.js';

/** What is missing, in words for the user. What depends on it is incomplete, not passed. */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly reason: string;
}
export type Built = { readonly kind: 'built'; readonly program: string } | Unavailable;
export type Simulation = { readonly kind: 'ready'; readonly witness: Witness } | Unavailable;

/** Bits of a request: every stage answers; every stage is driven alone; frame number, N and key stand in front of each frame. */
export const EVERY_STAGE = 1;
export const DRIVEN = 2;
export const PRESCALED = 4;
/** The maps of each frame stand in front of it, behind its number. */
export const WITH_MAPS = 8;

/** Frames sent ahead of the answers: enough to keep the simulator busy, little enough to stay in memory. */
const FRAMES_A_REQUEST = 16;

export const bytesOf = ({ buffer, byteOffset, byteLength }: Uint16Array | Int32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A compiler's errors before its warnings, at most 4,000 characters. */
export const firstErrors = (text: string): string =>
  [...text.split('\n').filter((line) => /error/i.test(line)), text].join('\n').slice(0, 4000);

/** How an answer is laid out in 32-bit words: logits, `facts` words, then the stages. */
export interface AnswerForm {
  readonly classes: number;
  readonly facts: number;
  readonly stages: readonly (readonly [NodeId, number])[];
}

export function answerForm(graph: FixedGraph, flags: number, facts: number): AnswerForm {
  const sizes = [...fixedShapes(graph)].map(([id, shape]): [NodeId, number] => [id, elements(shape)]);
  return { classes: graph.classNames.length, facts, stages: (flags & EVERY_STAGE) === 0 ? [] : sizes };
}

export interface Answer extends Pick<FrameResult, 'logits' | 'tensors'> {
  readonly facts: Int32Array;
}

/** Reads one answer. */
export async function readAnswer(server: Server, { classes, facts, stages }: AnswerForm): Promise<Answer> {
  const count = classes + facts + stages.reduce((sum, [, size]) => sum + size, 0);
  const bytes = await server.read(4 * count);
  // A copy: Int32Array views want aligned bytes of their own.
  const words = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  let at = classes + facts;
  const tensors = new Map(
    stages.map(([id, size]): [NodeId, Int32Array] => {
      at += size;
      return [id, words.slice(at - size, at)];
    }),
  );
  return { logits: words.slice(0, classes), facts: words.slice(classes, classes + facts), tensors };
}

export interface Served {
  readonly name: Witness['name'];
  readonly version: string;
  readonly graph: FixedGraph;
  /** Processes of one program, which share the frames of a batch. */
  readonly servers: readonly Server[];
  /** Whether requests may say `PRESCALED`. */
  readonly prescales?: boolean;
  /** Asks `server` for at most `FRAMES_A_REQUEST` frames, each in parts. Called in the order of the frames. */
  readonly ask: (
    server: Server,
    parts: readonly (readonly Uint8Array[])[],
    flags: number,
  ) => Promise<FrameResult[]>;
}

/** What stands in front of a frame. */
function prescaleWords({ number, key, n }: PrescaleQuestion): Uint8Array {
  const words = [number & 0xffffffffn, number >> 32n].map(Number);
  return bytesOf(Int32Array.from([...words, n, key], (word) => word | 0));
}

/** The witness that a program behind `servers` is. */
export function servedWitness({
  name,
  version,
  graph,
  servers,
  prescales = false,
  ask,
}: Served): Witness & Required<Pick<Witness, 'drill'>> {
  const [height, width] = inputNode(graph).size;
  const raw = mapsNodes(graph);
  const black = bytesOf(new Uint16Array(height * width));
  async function askAll(parts: readonly (readonly Uint8Array[])[], flags: number): Promise<FrameResult[]> {
    const size = Math.min(FRAMES_A_REQUEST, Math.ceil(parts.length / servers.length));
    const results: FrameResult[][] = [];
    let next = 0;
    const turns = servers.map(async (server) => {
      while (next < parts.length) {
        const first = next;
        next += size;
        results[first / size] = await ask(server, parts.slice(first, next), flags);
      }
    });
    // All have to be quiet before the next batch, also where one has failed.
    for (const turn of await Promise.allSettled(turns)) if (turn.status === 'rejected') throw turn.reason;
    return results.flat();
  }
  // One request after the other: answers carry no name.
  let last: Promise<unknown> = Promise.resolve();
  const queue = (parts: readonly (readonly Uint8Array[])[], flags: number): Promise<FrameResult[]> => {
    const answer = last.then(() => askAll(parts, flags));
    last = answer.catch(() => undefined);
    return answer;
  };
  return {
    name,
    version,
    run(frames, { tensors = false, prescale, maps = [] } = {}) {
      const asked = prescales ? prescale : undefined;
      return queue(
        frames.map((frame, i) => [
          ...(asked === undefined ? [] : [prescaleWords(asked[i]!)]),
          ...raw.map((node) => bytesOf(mapOf(node, maps[i] ?? NO_MAPS))),
          bytesOf(frame),
        ]),
        (tensors ? EVERY_STAGE : 0) |
          (raw.length > 0 ? WITH_MAPS : 0) |
          (asked === undefined ? 0 : PRESCALED),
      );
    },
    drill: (drills) =>
      queue(
        drills.map(({ given }) => [black, ...graph.nodes.map((n) => bytesOf(given.get(n.id)!))]),
        EVERY_STAGE | DRIVEN,
      ),
    async close() {
      await last;
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

/** Builds a program in a temporary folder and opens it; the folder goes when the witness is closed, or with an error. */
export async function buildAndOpen(
  name: string,
  build: (folder: string) => Promise<Built>,
  open: (program: string) => Promise<Witness>,
): Promise<Simulation> {
  const folder = await temporaryFolder(name);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const built = await build(folder);
    if (built.kind === 'unavailable') {
      await remove();
      return built;
    }
    const opened = await open(built.program);
    const close = async (): Promise<void> => {
      await opened.close();
      await remove();
    };
    return { kind: 'ready', witness: { ...opened, close } };
  } catch (error) {
    await remove();
    throw error;
  }
}
