/**
 * The keys of a CrystFEL geometry file: which are used here, which a veto does not need, and which would matter but are
 * not followed. Anything else is said by name, since a misspelt mask is no mask.
 *
 * Source: the manual page crystfel_geometry(5).
 */

/** What becomes of a key. */
export type KeyUse = 'panel' | 'top' | 'bad' | 'not needed' | 'not followed' | 'unknown';

const MASK_KEYS = [
  'mask', 'mask_file', 'mask_good', 'mask_bad',
  ...Array.from({ length: 8 }, (_, n) => ['data', 'file', 'goodbits', 'badbits'].map((part) => `mask${n}_${part}`)).flat(),
]; // prettier-ignore

const PANEL_KEYS = new Set([
  'min_fs', 'max_fs', 'min_ss', 'max_ss', 'corner_x', 'corner_y', 'fs', 'ss', 'res', 'clen', 'coffset', 'data',
  'no_index', 'mask_edge_pixels', 'flag_lessthan', 'flag_morethan', 'flag_equal', ...MASK_KEYS,
]); // prettier-ignore

const TOP_KEYS = new Set([
  'photon_energy',
  'wavelength',
  'electron_voltage',
  'detector_shift_x',
  'detector_shift_y',
]);

const BAD_KEYS = new Set([
  'min_x',
  'max_x',
  'min_y',
  'max_y',
  'min_fs',
  'max_fs',
  'min_ss',
  'max_ss',
  'panel',
]);

/** Gains, rigid groups, the beam's bandwidth and lists of peaks change no pixel and no resolution. */
const NOT_NEEDED =
  /^(adu_per_(photon|eV)|rigid_group.*|group_.*|bandwidth|peak_list|peak_list_type|rail_direction|badrow_direction|integr_radius)$/;

/** Limits of saturation: which pixels are overloads is taken from the frames' file or --mask-rule. */
const NOT_FOLLOWED = /^(max_adu|saturation_map|saturation_map_file)$/;

/** What becomes of `key`, without its owner, in a statement of a panel, of a bad region, or of neither. */
export function useOfKey(owner: 'panel' | 'bad' | 'none', key: string): KeyUse {
  if (owner === 'bad') return BAD_KEYS.has(key) ? 'bad' : 'unknown';
  if (PANEL_KEYS.has(key) || /^dim\d+$/.test(key)) return 'panel';
  if (NOT_NEEDED.test(key)) return 'not needed';
  if (NOT_FOLLOWED.test(key)) return 'not followed';
  return owner === 'none' && TOP_KEYS.has(key) ? 'top' : 'unknown';
}
