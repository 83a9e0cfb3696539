/**
 * Bad regions of a CrystFEL geometry file: by places in the data block of a panel, or by x and y in the laboratory.
 *
 * A region of fs and ss is one of a panel; where there is but one panel, of that (crystfel_geometry(5)). Refuses bounds of
 * both kinds, bounds in the wrong order, and regions outside their panel; one that reaches beyond it is said.
 */
import { UserError } from '../../core/errors.js';
import { warning, type Note } from '../notes.js';
import { numberOf, type BadRegion, type Panel } from './panel.js';
import type { Fields } from './statements.js';

export function toBadRegion(file: string, name: string, fields: Fields, panels: readonly Panel[]): BadRegion {
  const refuse = (key: string, problem: string, remedy: string): never => {
    throw new UserError(problem, { file, field: `${name}/${key}`, remedy });
  };
  const inPanel = [...fields.keys()].some((key) => /^(min|max)_[fs]s$/.test(key));
  const keys = inPanel ? ['min_fs', 'min_ss', 'max_fs', 'max_ss'] : ['min_x', 'min_y', 'max_x', 'max_y'];
  const other = [...fields.keys()].find((key) => /^(min|max)_/.test(key) && !keys.includes(key));
  if (other !== undefined)
    refuse(other, 'is mixed with bounds of the other kind', 'state fs and ss, or x and y');
  const stated = fields.get('panel') ?? null;
  if (stated !== null && !panels.some((one) => one.name === stated))
    refuse('panel', `is '${stated}', which is no panel of this file`, 'name a panel of this file');
  if (inPanel && stated === null && panels.length > 1) {
    const names = panels.slice(0, 4).map((one) => one.name).join(', '); // prettier-ignore
    refuse('panel', 'is missing, and the region is stated by fs and ss', `name its panel: ${names}`);
  }
  const [x0, y0, x1, y1] = keys.map((key) => numberOf(file, name, fields, key));
  if (x1! < x0!) refuse(keys[2]!, `is ${x1}, less than ${keys[0]}`, 'exchange them');
  if (y1! < y0!) refuse(keys[3]!, `is ${y1}, less than ${keys[1]}`, 'exchange them');
  const panel = inPanel ? (stated ?? panels[0]!.name) : stated;
  return { name, panel, kind: inPanel ? 'panel' : 'laboratory', min: [x0!, y0!], max: [x1!, y1!] };
}

/** Says which regions reach beyond their panel. Throws `UserError` where one lies outside it. */
export function regionNotes(
  file: string,
  regions: readonly BadRegion[],
  panels: readonly Panel[],
): readonly Note[] {
  return regions.flatMap((region) => {
    const panel = region.kind === 'panel' ? panels.find(({ name }) => name === region.panel) : undefined;
    if (panel === undefined) return [];
    const { min, max } = region;
    const extent = `fs ${panel.minFs} to ${panel.maxFs} and ss ${panel.minSs} to ${panel.maxSs}`;
    const outside =
      max[0] < panel.minFs || min[0] > panel.maxFs || max[1] < panel.minSs || min[1] > panel.maxSs;
    if (outside) {
      throw new UserError(`lies outside its panel ${panel.name}, which has ${extent}`, {
        file,
        field: region.name,
        remedy: 'count in the data block, as the panel does',
      });
    }
    const beyond =
      min[0] < panel.minFs || max[0] > panel.maxFs || min[1] < panel.minSs || max[1] > panel.maxSs;
    const text = `reaches beyond its panel ${panel.name} (${extent}), of which alone pixels are masked`;
    return beyond ? [warning('geometry', file, region.name, text)] : [];
  });
}
