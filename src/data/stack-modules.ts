/**
 * Frames of an assembled picture as those of a detector of several modules: the modules lie side by side in the picture, in rows
 * and columns of one size, and are stacked along rows here, the first row of them first. Pixels are moved, none is made.
 */
import { UserError } from '../core/errors.js';
import type { Frame, FrameSource, Spot } from './frames.js';

/** Modules in a picture: rows and columns of them. */
export type Layout = readonly [rows: number, columns: number];

/** The arrangement of `count` modules of `[height, width]` whose picture is nearest to a square. */
export function squarestLayout(count: number, [height, width]: readonly [number, number]): Layout {
  const all = Array.from({ length: count }, (_, i) => i + 1)
    .filter((rows) => count % rows === 0)
    .map((rows): Layout => [rows, count / rows]);
  const unlike = ([rows, columns]: Layout): number => Math.abs(Math.log((rows * height) / (columns * width)));
  return all.reduce((best, one) => (unlike(one) < unlike(best) ? one : best));
}

/** The pixels of a picture of `width` columns, its modules of `[height, own]` one behind the other. */
function stacked<T extends Uint16Array | Uint8Array>(picture: T, width: number, [rows, columns]: Layout): T {
  const height = picture.length / width / rows;
  const own = width / columns;
  const result = picture.slice() as T;
  let to = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let y = 0; y < height; y++) {
        const from = (row * height + y) * width + column * own;
        result.set(picture.subarray(from, from + own), to);
        to += own;
      }
  return result;
}

/** `source`, whose frames are pictures of modules in `layout`, as frames of stacked modules. Throws `UserError`. */
export function stackModules(source: FrameSource, layout: Layout): FrameSource {
  const [rows, columns] = layout;
  const { height, width } = source;
  if (height % rows !== 0 || width % columns !== 0)
    throw new UserError(`frames of ${height}×${width} are not ${rows}×${columns} modules of one size`, {
      file: source.name,
      field: '--split',
      remedy: `give frames whose rows divide by ${rows} and whose columns by ${columns}`,
    });
  // One column of modules is stacked as it is.
  if (columns === 1) return source;
  const own = { height: height / rows, width: width / columns };
  const moved = (spot: Spot): Spot => {
    // The centre of a spot may lie up to half a pixel outside.
    const row = Math.min(Math.max(Math.floor((spot.y + 0.5) / own.height), 0), rows - 1);
    const column = Math.min(Math.max(Math.floor((spot.x + 0.5) / own.width), 0), columns - 1);
    return {
      ...spot,
      y: spot.y + column * own.height + row * (columns - 1) * own.height,
      x: spot.x - column * own.width,
    };
  };
  return {
    ...source,
    height: height * columns,
    width: own.width,
    read: async (index) => {
      const { pixels, mask, experiment: _placed, ...frame }: Frame = await source.read(index);
      return {
        ...frame,
        height: height * columns,
        width: own.width,
        pixels: stacked(pixels, width, layout),
        mask: mask === null ? null : stacked(mask, width, layout),
      };
    },
    spots: (index) => source.spots(index)?.map(moved) ?? null,
  };
}
