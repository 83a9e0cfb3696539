/**
 * Whether a geometry is of these frames: its axes, its modules and the datasets that its panels name.
 *
 * A panel whose data are elsewhere would be masked and placed wrongly without a word, so that is refused.
 */
import { UserError } from '../../core/errors.js';
import type { RawSource } from '../formats/format.js';
import type { Hdf5File } from '../hdf5/file.js';
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

/** `/tag-%/data` as a pattern whose groups are what an event fills. */
function patternOf(data: string): RegExp {
  const parts = data.split('%').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('([^/]+)')}$`);
}

/** What fills the `%` of `data` for the dataset `path`; null where it does not fit. */
export function fillOf(data: string, path: string): readonly string[] | null {
  return patternOf(data).exec(path)?.slice(1) ?? null;
}

/** `template` with its `%` filled in order. */
export function fillPath(template: string, fill: readonly string[]): string {
  let next = 0;
  return template.replaceAll('%', () => fill[next++] ?? '%');
}

const LINKS_FOLLOWED = 20;

/** `path` with every soft link on the way followed. */
function followLinks(file: Hdf5File, path: string): string {
  let parts = path.split('/').filter((part) => part !== '');
  for (let links = 0, at = 0; at < parts.length && links < LINKS_FOLLOWED; at++) {
    const here = `/${parts.slice(0, at + 1).join('/')}`;
    const target = file.node(here).kind === 'missing' ? null : file.softLink(here);
    if (target === null) continue;
    const base = target.startsWith('/') ? [] : parts.slice(0, at);
    parts = [
      ...base,
      ...target.split('/').filter((part) => part !== '' && part !== '.'),
      ...parts.slice(at + 1),
    ];
    links++;
    at = -1;
  }
  return `/${parts.join('/')}`;
}

/**
 * Refuses panels whose dataset is not the one that `raw` reads; what fills the `%` of paths where they have some.
 * `file` is the frames' HDF5 file, null where they are of another format.
 */
export async function checkData(
  geometry: DetectorGeometry,
  raw: RawSource,
  file: Hdf5File | null,
): Promise<{ readonly fill: readonly string[]; readonly notes: readonly Note[] }> {
  const stating = geometry.panels.filter((panel) => panel.data !== null);
  const [first] = stating;
  if (first === undefined) return { fill: [], notes: [] };
  if (file === null || raw.dataset === null) {
    const text = `${first.data} is not looked for: ${raw.format} files hold no datasets`;
    return { fill: [], notes: [taken('geometry', geometry.file, 'data', text)] };
  }
  if (raw.frameShape.length === 3 && raw.dataset.startsWith('/INSTRUMENT/')) {
    const text = `${first.data} is not looked for: the frames were joined from module files`;
    return { fill: [], notes: [taken('geometry', geometry.file, 'data', text)] };
  }
  checkRank(geometry, raw.dataset, file.info(raw.dataset).shape.length);
  let fill: readonly string[] = [];
  const checked = new Set<string>();
  for (const panel of stating) {
    if (checked.has(panel.data!)) continue;
    checked.add(panel.data!);
    fill = fillOf(panel.data!, raw.dataset) ?? fill;
    if (fillOf(panel.data!, raw.dataset) === null) await checkOtherName(geometry, panel, raw, file);
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
