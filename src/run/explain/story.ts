/** What a scientist is told of a frame: physics first, one sentence to repeat, then photons, then arithmetic. */
import type { PhotonPlace } from '../../explain/fewest-photons.js';
import type { Certified } from './certify.js';
import type { FrameExplanation } from './explanation.js';
import type { FinderSpots, Physics } from './physics.js';
import type { PhotonReasons } from './reasons.js';
import type { Replay } from './replay.js';
import { additionWords, agreementWords, marginWords, peakWords, removalWords } from './words.js';

/** Spots from which a frame is a hit for a classical finder: a veto of one is an alarm. */
export const ALARMING_SPOTS = 10;

const angstrom = (d: number): string => `${d.toFixed(d < 10 ? 1 : 0)} Å`;
const many = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
const share = (s: number): string => `${(100 * s).toFixed(s < 0.1 ? 1 : 0)} %`;

function spotsWords({ finder, spots, best, median, strongest }: FinderSpots): string {
  if (spots.length === 0) return `${finder} finds no spot`;
  const reach =
    best === null || median === null ? '' : ` out to ${angstrom(best)} (median ${angstrom(median)})`;
  return `${finder} finds ${many(spots.length, 'spot')}${reach}, the strongest of ${strongest!.toFixed(0)} σ`;
}

/** What is on the frame, a line each. */
export function physicsLines(physics: Physics): readonly string[] {
  const { finders, meanLevel, maskedShare, saturated, deadShare, rings, unlike } = physics;
  const at = ({ radius, resolution }: Physics['rings'][number]): string =>
    resolution === null ? `${radius} px` : angstrom(resolution);
  return [
    ...finders.map((found) => `${spotsWords(found)}.`),
    `Mean level ${meanLevel.toPrecision(3)} counts a pixel; ${rings.length === 0 ? 'no rings' : `${many(rings.length, 'ring')} at ${rings.map(at).join(', ')}`}.`,
    `Masked ${share(maskedShare)}; ${saturated === 0 ? 'no saturated pixel' : many(saturated, 'saturated pixel')}; ${deadShare === 0 ? 'no area without a count' : `${share(deadShare)} of areas of 16 × 16 pixels without a single count`}.`,
    unlike === null
      ? 'Whether it is like training is not known: the run keeps no ranges.'
      : unlike.length === 0
        ? 'It is like the frames that the network was calibrated on: no layer sees values beyond theirs.'
        : `Unlike training: ${unlike.map(({ layer, value, low, high }) => `${layer} sees ${value.toPrecision(3)}, calibration frames ${low.toPrecision(3)} to ${high.toPrecision(3)}`).join('; ')}.`,
  ];
}

const mostSpots = ({ finders }: Physics): number => Math.max(0, ...finders.map(({ spots }) => spots.length));

/** What does not fit together; null where nothing is alarming. */
export function alarmWords(keep: boolean, physics: Physics): string | null {
  const spots = mostSpots(physics);
  if (keep || spots < ALARMING_SPOTS) return null;
  const input =
    physics.unlike !== null && physics.unlike.length > 0
      ? 'its input is unlike training: another scale, mask or gain?'
      : 'the network, its threshold or the finders are at fault.';
  return `ALARM: ${spots} found peaks, and yet the frame is vetoed: ${input} Look at it before you trust the veto.`;
}

/** The one sentence to repeat. */
export function storySentence({ keep, physics, reasons, index }: FrameExplanation): string {
  const spots = mostSpots(physics);
  const seen =
    spots === 0
      ? 'no spot finder sees a Bragg peak in it'
      : `the spot finders see ${many(spots, 'Bragg peak')} in it`;
  const { count, total, value } = reasons.flips;
  const chance =
    count === 0
      ? `in none of ${total} redraws of its photon noise would it be decided otherwise`
      : `its own photon noise would have it decided otherwise in ${(100 * value).toFixed(0)} % of redraws`;
  return `Frame ${index} is ${keep ? 'kept' : 'vetoed'}: ${seen}, and ${chance}.`;
}

const placeWords = ({ photons, y, x }: PhotonPlace, tried: number): string =>
  photons === null
    ? `not even ${tried.toLocaleString('en-US')} photons`
    : `${photons.toLocaleString('en-US')} photons at row ${y}, column ${x}`;

/** Noise and photons, a line each. */
export function photonLines({ flips, photons, widthFrom }: PhotonReasons): readonly string[] {
  const { count, total, low, high } = flips;
  const percent = (s: number): string => (100 * s).toFixed(1);
  return [
    `${count} of ${total} redraws of its Poisson noise are decided otherwise (95 %: ${percent(low)} to ${percent(high)} %); counts are taken for photons.`,
    ...(photons === null
      ? []
      : [
          `One spot of σ = ${photons.sigma.toFixed(2)} px (${widthFrom}) would have kept it with ${placeWords(photons.best, photons.tried)} at best, ` +
            `${placeWords(photons.median, photons.tried)} at the median of ${photons.places} places.`,
        ]),
  ];
}

/** What no change of pixels can do, a line. */
export function certifiedLine(certified: Certified | null): string {
  if (certified === null)
    return 'Nothing is proved of changed pixels: the arithmetic of this network wraps around.';
  const { whole, inRegion, region } = certified;
  const { y, x, height, width } = region;
  const all =
    whole === 0
      ? 'That no change of one count in all pixels at once turns it is not proved'
      : `Proved in integers: no change of up to ${many(whole, 'count')} in every pixel at once turns it`;
  return `${all}; of the region that matters most (rows ${y} to ${y + height - 1}, columns ${x} to ${x + width - 1}) every pixel may change by ${many(inRegion, 'count')}.`;
}

/** What the emitted forms say of the frames above. */
export const replayLines = (replays: readonly Replay[]): readonly string[] =>
  replays.map(({ witness, frames, same, total, missing }) =>
    missing === null
      ? `Replayed by ${witness}: ${same} of ${total} of these frames (${frames.join('; ')}) have the same score to the last bit${same === total ? '' : ' — the files of the run do not compute what was explained'}.`
      : `Not replayed by ${witness}: ${missing}.`,
  );

/** The arithmetic: margin, regions, peaks, maps. */
export function arithmeticLines(found: FrameExplanation): readonly string[] {
  const { keep, score, threshold, removal, addition, peaks, reasons, certified, agreement } = found;
  return [
    `In levels of the network's output: ${marginWords(score, threshold)}.`,
    removalWords(removal, keep),
    additionWords(addition, keep),
    ...(peaks === null ? [] : [peakWords(peaks, reasons.photons?.best.photons ?? null)]),
    certifiedLine(certified),
    agreementWords(agreement),
  ];
}

/** All of it for a terminal. */
export function storyText(found: FrameExplanation): string {
  const alarm = alarmWords(found.keep, found.physics);
  return [
    ...(alarm === null ? [] : [alarm, '']),
    ...physicsLines(found.physics),
    '',
    storySentence(found),
    '',
    ...photonLines(found.reasons),
    ...arithmeticLines(found),
    ...replayLines(found.replays),
    `The page is ${found.page}.`,
  ].join('\n');
}
