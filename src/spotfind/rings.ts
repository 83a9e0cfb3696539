/** Resolution rings to lay over a frame. */
import { radiusOfResolution, type FrameGeometry } from './layout.js';

/** A ring in pixels of the frame. */
export interface Ring {
  readonly radius: number;
  readonly label: string;
}

export interface Rings {
  readonly x: number;
  readonly y: number;
  /** False where nobody knows the beam: the middle of the frame stands in. */
  readonly known: boolean;
  readonly rings: readonly Ring[];
}

/** Å, from the beam outwards; the rings of protein crystals and of water (3.2). */
const SPACINGS = [20, 10, 7, 5, 4, 3.2, 2.5, 2, 1.7, 1.5, 1.3, 1.1, 1] as const;
/** Rings stand apart by this share of the frame's shorter side. */
const APART = 1 / 20;

/** Rings that a frame of `height × width` shows: in Å where the geometry is known, else in pixels. */
export function resolutionRings({ centre, scale }: FrameGeometry, height: number, width: number): Rings {
  const { x, y } = centre ?? { x: (width - 1) / 2, y: (height - 1) / 2 };
  const reach = Math.hypot(Math.max(x, width - x), Math.max(y, height - y));
  const all: readonly Ring[] =
    scale === null
      ? [1, 2, 3, 4].map((k) => {
          const radius = Math.round((k * Math.min(height, width)) / 8);
          return { radius, label: `${radius} px` };
        })
      : SPACINGS.map((d) => ({ radius: radiusOfResolution(d, scale), label: `${d} Å` }));
  const apart = APART * Math.min(height, width);
  const rings: Ring[] = [];
  for (const ring of all)
    if (ring.radius < reach && ring.radius - (rings.at(-1)?.radius ?? 0) >= apart) rings.push(ring);
  return { x, y, known: centre !== null, rings };
}
