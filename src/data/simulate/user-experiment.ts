/**
 * What a user says of an experiment, in the user's terms (keV, degrees, `80:200`), as simulation options.
 *
 * Refuses numbers out of range and cells that do not fit their space group, naming the option.
 */
import { UserError } from '../../core/errors.js';
import { cellVolume, crystalForm, type CrystalForm, type UnitCell } from './crystal.js';
import type { DetectorSpec } from './detector.js';
import type { Range, SimulateOptions, SimulationSettings } from './settings.js';
import { wavelengthOfEnergy } from '../units.js';
import { spaceGroup } from './space-group.js';

/** A form by name, or six numbers with the space group `group` (P1 without one). */
export function parseCell(text: string, group: string | undefined): CrystalForm {
  if (!text.includes(',')) {
    const form = crystalForm(text);
    return group === undefined ? form : checkedForm({ ...form, group });
  }
  const numbers = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (numbers.length !== 6 || !numbers.every(Number.isFinite))
    throw new UserError(`'${text}' is not of the form A,B,C,D,E,F`, {
      field: '--cell',
      remedy: 'give 6 numbers',
    });
  const [a, b, c, alpha, beta, gamma] = numbers;
  const cell: UnitCell = { a: a!, b: b!, c: c!, alpha: alpha!, beta: beta!, gamma: gamma! };
  cellVolume(cell);
  return checkedForm({ name: 'own', cell, group: group ?? 'P1' });
}

/** Refuses a cell whose axes and angles the space group forbids. */
function checkedForm(form: CrystalForm): CrystalForm {
  const { number, symbol } = spaceGroup(form.group);
  const { a, b, c, alpha, beta, gamma } = form.cell;
  const same = (x: number, y: number): boolean => Math.abs(x - y) < 1e-3 * Math.max(x, y);
  const right = (angle: number): boolean => same(angle, 90);
  const fits =
    number < 3 ||
    (number < 16 && right(alpha) && right(gamma)) ||
    (number < 75 && right(alpha) && right(beta) && right(gamma) && number >= 16) ||
    (number >= 75 && number < 143 && same(a, b) && right(alpha) && right(beta) && right(gamma)) ||
    (number >= 143 && number < 195 && same(a, b) && right(alpha) && right(beta) && same(gamma, 120)) ||
    (number >= 195 && same(a, b) && same(a, c) && right(alpha) && right(beta) && right(gamma));
  if (fits) return { ...form, group: symbol };
  throw new UserError(`the cell ${a}, ${b}, ${c}, ${alpha}, ${beta}, ${gamma} does not fit ${symbol}`, {
    field: '--space-group',
    remedy: 'give axes and angles of its crystal system (trigonal groups on hexagonal axes)',
  });
}

/** The options of `vetoc simulate` after parsing; absent means the preset's. */
export interface UserExperiment {
  readonly cell?: string | undefined;
  readonly spaceGroup?: string | undefined;
  /** keV. */
  readonly energy?: Range | undefined;
  readonly distanceMm?: Range | undefined;
  readonly beamCentre?: readonly [number, number] | undefined;
  /** Degrees. */
  readonly mosaicity?: Range | undefined;
  readonly bandwidth?: Range | undefined;
  readonly backgroundScale?: number | undefined;
  readonly ice?: number | undefined;
  readonly powder?: number | undefined;
  readonly streaks?: number | undefined;
  readonly shadows?: number | undefined;
  readonly multiLattice?: number | undefined;
  readonly zingers?: number | undefined;
  /** A detector in place of the preset's. */
  readonly detector?: Partial<Omit<DetectorSpec, 'name'>>;
}

/** Parts of `SimulateOptions` that the experiment sets. */
export function simulationOf(
  experiment: UserExperiment,
  size: { readonly height: number; readonly width: number },
): Pick<SimulateOptions, 'settings' | 'detectors'> {
  const settings: { -readonly [K in keyof SimulationSettings]?: SimulationSettings[K] } = {};
  if (experiment.cell !== undefined || experiment.spaceGroup !== undefined) {
    if (experiment.cell === undefined) {
      throw new UserError('is given without a cell', { field: '--space-group', remedy: 'add --cell' });
    }
    settings.crystals = [parseCell(experiment.cell, experiment.spaceGroup)];
    settings.randomCellShare = 0;
  }
  const { energy, distanceMm, beamCentre, mosaicity, bandwidth } = experiment;
  if (energy !== undefined)
    settings.wavelength = [wavelengthOfEnergy(1000 * energy[1]), wavelengthOfEnergy(1000 * energy[0])];
  if (distanceMm !== undefined) settings.distanceMm = distanceMm;
  if (beamCentre !== undefined) settings.beamCentre = beamCentre;
  if (mosaicity !== undefined)
    settings.mosaicity = [(mosaicity[0] * Math.PI) / 180, (mosaicity[1] * Math.PI) / 180];
  if (bandwidth !== undefined) settings.bandwidth = bandwidth;
  if (experiment.backgroundScale !== undefined) settings.backgroundScale = experiment.backgroundScale;
  if (experiment.ice !== undefined) settings.iceProbability = { hit: experiment.ice, miss: experiment.ice };
  if (experiment.powder !== undefined)
    settings.powderProbability = { hit: experiment.powder, miss: experiment.powder };
  if (experiment.streaks !== undefined) settings.streakProbability = experiment.streaks;
  if (experiment.shadows !== undefined) settings.shadowProbability = experiment.shadows;
  if (experiment.multiLattice !== undefined) settings.multiLatticeProbability = experiment.multiLattice;
  if (experiment.zingers !== undefined) settings.zingers = experiment.zingers;
  if (experiment.detector === undefined) return { settings };
  const pixelMm = experiment.detector.pixelMm ?? 153.6 / Math.max(size.height, size.width);
  return { settings, detectors: [{ name: 'own', ...experiment.detector, pixelMm }] };
}
