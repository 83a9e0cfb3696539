/**
 * Whether a geometry is of these frames: its axes, its modules and the datasets that its panels name.
 *
 * A panel whose data are elsewhere would be masked and placed wrongly without a word, so that is refused.
 */
import { UserError } from '../../core/errors.js';
import type { RawSource } from '../formats/format.js';
import type { Hdf5File } from '../hdf5/file.js';
import { followLinks } from '../hdf5/links.js';
import { fillOf } from '../hdf5/stated-frames.js';
import { taken, type Note } from '../notes.js';
import type { PixelArray } from '../pixels.js';
import type { DetectorGeometry } from './geometry.js';
import type { Panel } from './panel.js';

/** Refuses axes that these frames do not have. */
export function checkAxes({ file, panels }: DetectorGeometry, frameShape: readonly number[]): void {
  const modules = frameShape.length === 3 ? frameShape[0]! : 1;
  for (const { name, dimensions, module } of panels) {
    if (dimensions === null) continue;
    if (module !== null && module >= modules) {
      throw new UserError(
        `has the fixed axis ${module}, but the frames have ${modules === 1 ? 'no modules' : `${modules} modules`}`,
        {
          file,
          field: name,
          remedy: 'give the geometry of this detector and data layout',
        },
      );
    }
  }
}

/** What fills the `%` of paths for frame `index`: the parts of its event. */
export type Fill = (index: number) => readonly string[];

const NO_FILL: Fill = () => [];

/**
 * Refuses panels whose dataset is not the one that `raw` reads; what fills the `%` of paths where they have some.
 * `file` is the frames' HDF5 file, null where they are of another format.
 */
export async function checkData(
  geometry: DetectorGeometry,
  raw: RawSource,
  file: Hdf5File | null,
): Promise<{ readonly fill: Fill; readonly notes: readonly Note[] }> {
  const stating = geometry.panels.filter((panel) => panel.data !== null);
  const [first] = stating;
  if (first === undefined) return { fill: NO_FILL, notes: [] };
  if (file === null || raw.dataset === null) {
    const text = `${first.data} is not looked for: ${raw.format} files hold no datasets`;
    return { fill: NO_FILL, notes: [taken('geometry', geometry.file, 'data', text)] };
  }
  if (raw.frameShape.length === 3 && raw.dataset.startsWith('/INSTRUMENT/')) {
    const text = `${first.data} is not looked for: the frames were joined from module files`;
    return { fill: NO_FILL, notes: [taken('geometry', geometry.file, 'data', text)] };
  }
  checkRank(geometry, raw.dataset, file.info(raw.dataset).shape.length);
  let fill = NO_FILL;
  const checked = new Set<string>();
  for (const panel of stating) {
    if (checked.has(panel.data!)) continue;
    checked.add(panel.data!);
    const template = panel.data!;
    if (fillOf(template, raw.dataset) !== null)
      fill = (index) => fillOf(template, raw.datasetOf?.(index) ?? raw.dataset!) ?? [];
    else await checkOtherName(geometry, panel, raw, file);
  }
  return { fill, notes: [] };
}

/** Refuses panels that count more or fewer axes than the dataset has. */
function checkRank({ file, panels }: DetectorGeometry, dataset: string, rank: number): void {
  const odd = panels.find(({ dimensions }) => dimensions !== null && dimensions.length !== rank);
  if (odd === undefined) return;
  throw new UserError(
    `states the axes dim0 to dim${odd.dimensions!.length - 1}, but ${dataset} has ${rank} axes`,
    { file, field: odd.name, remedy: 'give the geometry of this data layout' },
  );
}

/** `panel.data` may be another name of the same frames: a link, or a virtual dataset over them. */
async function checkOtherName(
  { file: geometryFile }: DetectorGeometry,
  panel: Panel,
  raw: RawSource,
  file: Hdf5File,
): Promise<void> {
  const data = panel.data!;
  const refuse = (why: string, remedy: string): never => {
    throw new UserError(`says data = ${data}, ${why}`, { file: geometryFile, field: panel.name, remedy });
  };
  if (data.includes('%'))
    refuse(`but the frames stand at ${raw.dataset}`, 'give the geometry of these frames');
  if (file.node(data).kind !== 'dataset')
    refuse(
      `which ${raw.file} does not have; its frames stand at ${raw.dataset}`,
      'give the geometry of these frames',
    );
  if (followLinks(file, data) === followLinks(file, raw.dataset!)) return;
  const stored = await raw.readRaw(0);
  const info = file.info(data);
  const lead = info.shape.length - raw.frameShape.length;
  const shape = info.shape.slice(Math.max(0, lead));
  const same =
    lead >= 0 &&
    String(shape) === String(raw.frameShape) &&
    equalValues(
      file.read(
        info,
        info.shape.map(() => 0),
        [...new Array<number>(lead).fill(1), ...shape],
      ),
      stored,
    );
  if (!same)
    refuse(`but the frames were read from ${raw.dataset}`, `name the frames with ${raw.file}#${data}`);
}

function equalValues(a: PixelArray, b: PixelArray): boolean {
  return a.length === b.length && a.every((value: number | bigint, i: number) => Object.is(value, b[i]));
}
