/**
 * What an EDF header says besides the layout of the pixels: geometry with its units, values that are no measurement, and
 * how the axes of the image stand.
 *
 * Source: P. Boesecke, "Reduction of two-dimensional small- and wide-angle X-ray scattering data", J. Appl. Cryst. 40
 * (2007) s423, and ESRF's SaxsKeywords: centres count from the outer corner of the first pixel (0.5 is its middle) plus
 * `Offset`; a pixel within `DDummy` of `Dummy` is none; a `Dummy` of 0 marks nothing; `RasterConfiguration` 1 is the
 * orientation in which the first axis is the fast one and both run upwards.
 */
import { taken, warning, type Note } from '../notes.js';
import { mergeRules, NO_RULE, type PixelType, type ValueRule } from '../pixels.js';
import { factsOf, type Fields, type HeaderFacts } from './headers.js';
import { markRule } from './marks.js';

/** The tolerance of a dummy that states none. */
const DDUMMY = 0.1;

/** Geometry and title of a frame under `fields`. */
export function edfFacts(file: string, fields: Fields): HeaderFacts {
  const raster = fields.get('rasterconfiguration') ?? fields.get('raster') ?? '1';
  const turned = Number(raster) !== 1 && raster !== '';
  const { details, notes } = factsOf(file, fields, {
    wavelength: 'wavelengthM',
    sampledistance: 'distanceM',
    psize_1: 'pixelSizeXM',
    psize_2: 'pixelSizeYM',
    ...(turned ? {} : { center_1: 'beamXPixels', center_2: 'beamYPixels' }),
    title: 'title',
  });
  const said: Note[] = [...notes];
  if (turned)
    said.push(
      warning(
        'geometry',
        file,
        'RasterConfiguration',
        `is ${raster}: the image was not turned, its pixels stand as in the file, and its centre was not used`,
      ),
    );
  return { details: { ...details, ...inArray(details, fields) }, notes: said };
}

/** Centres by the middle of the first pixel. */
function inArray(details: HeaderFacts['details'], fields: Fields): Readonly<Record<string, number>> {
  const moved = (['X', 'Y'] as const).flatMap((axis, i) => {
    const centre = details[`beam${axis}Pixels`];
    const offset = Number(fields.get(`offset_${i + 1}`) ?? 0);
    return typeof centre === 'number' && Number.isFinite(offset)
      ? [[`beam${axis}Pixels`, centre - offset - 0.5] as const]
      : [];
  });
  return Object.fromEntries(moved);
}

/** Which values of `type` under `fields` are no measurement. */
export function edfRule(
  file: string,
  fields: Fields,
  type: PixelType,
): { readonly rule: ValueRule; readonly notes: readonly Note[] } {
  const marks = markRule([...fields].join(), type);
  const text = fields.get('dummy');
  if (text === undefined || text === '') return { rule: marks, notes: [] };
  const [dummy, stated] = [Number(text), Number(fields.get('ddummy') ?? DDUMMY)];
  if (!Number.isFinite(dummy) || !Number.isFinite(stated))
    return {
      rule: marks,
      notes: [warning('values', file, 'Dummy', `is '${text}', which is no number and was not used`)],
    };
  if (dummy === 0 || stated < 0)
    return {
      rule: marks,
      notes: [taken('values', file, 'Dummy', `is ${text}: no value stands for a missing pixel`)],
    };
  const note = taken('values', file, 'Dummy', `values within ${stated} of ${dummy} are no measurement`);
  return {
    rule: mergeRules(marks, { ...NO_RULE, ranges: [[dummy - stated, dummy + stated]] }),
    notes: [note],
  };
}
