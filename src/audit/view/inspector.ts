/** Everything that the page shows of one frame besides its row: pixels, spots, rings, evidence. */
import { UserError } from '../../core/errors.js';
import type { Frame, FrameSource } from '../../data/frames.js';
import type { FrameSpotFinder } from '../../spotfind/finder.js';
import { frameGeometry, type StatedGeometry } from '../../spotfind/geometry.js';
import type { FrameGeometry } from '../../spotfind/layout.js';
import type { Arithmetic, EvidenceMaker, FrameEvidence } from './evidence.js';
import { resolutionRings, type Rings } from '../../spotfind/rings.js';

export interface SeenSpot {
  readonly y: number;
  readonly x: number;
  readonly snr: number;
}

export interface Inspector {
  readonly height: number;
  readonly width: number;
  /** Null where the frame cannot be read. */
  frame(index: number): Promise<Frame | null>;
  spots(index: number): Promise<readonly SeenSpot[]>;
  geometry(index: number): Promise<FrameGeometry>;
  /** Null where pixels have no single centre: a stack of panels that a geometry file describes. */
  rings(index: number): Promise<Rings | null>;
  /** Null where the frame cannot be read. */
  evidence(index: number, arithmetic: Arithmetic, keep: boolean): Promise<FrameEvidence | null>;
}

export interface InspectorParts {
  readonly source: FrameSource;
  readonly find: FrameSpotFinder;
  readonly stated: StatedGeometry;
  /** Whether a geometry file gives every pixel its own radius. */
  readonly panelled: boolean;
  readonly evidence: EvidenceMaker;
}

const REMEMBERED = 12;

/** Keeps the results of the last few calls, by key. */
function remember<T>(make: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const known = new Map<string, Promise<T>>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.delete(key);
    known.set(key, value);
    if (known.size > REMEMBERED) known.delete(known.keys().next().value!);
    return value;
  };
}

export function createInspector({ source, find, stated, panelled, evidence }: InspectorParts): Inspector {
  const frame = remember(async (key: string) =>
    source.read(Number(key)).catch((error: unknown) => {
      if (error instanceof UserError) return null;
      throw error;
    }),
  );
  const geometryOf = (index: number, read: Frame | null): FrameGeometry =>
    frameGeometry(source.meta(index), stated, read?.experiment);
  const geometry = async (index: number): Promise<FrameGeometry> =>
    geometryOf(index, await frame(String(index)));
  const explained = remember(async (key: string) => {
    const [index, arithmetic, keep] = key.split(' ') as [string, Arithmetic, string];
    const read = await frame(index);
    return read === null
      ? null
      : evidence.explain(arithmetic, read.pixels, keep === 'true', geometryOf(Number(index), read));
  });
  return {
    height: source.height,
    width: source.width,
    frame: (index) => frame(String(index)),
    geometry,
    async spots(index) {
      const read = await frame(String(index));
      if (read === null) return [];
      return find(read, geometryOf(index, read)).spots.map(({ y, x, snr }) => ({ y, x, snr }));
    },
    rings: async (index) =>
      panelled ? null : resolutionRings(await geometry(index), source.height, source.width),
    evidence: (index, arithmetic, keep) => explained(`${index} ${arithmetic} ${String(keep)}`),
  };
}
