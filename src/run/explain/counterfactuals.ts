/** The frames that an explanation says would be decided otherwise, or alike, made whole: what is said of them can be asked of any form. */
import { withPeaks } from '../../explain/added-peaks.js';
import { withSpot } from '../../explain/fewest-photons.js';
import type { NoisyFrame } from '../../explain/noise.js';
import { withoutRegions, withRegionsOf } from '../../explain/occlusion.js';
import type { FixedGraph } from '../../ir/graph.js';
import { interpret } from '../../simulate/interpret.js';
import type { Changes } from './explanation.js';
import type { PhotonReasons } from './reasons.js';
import type { Counterfactual } from './replay.js';

type Made = Omit<Counterfactual, 'score'>;

/** The frames with the fewest photons that turned the decision. */
function photonFrames(frame: NoisyFrame, { photons }: PhotonReasons): readonly Made[] {
  if (photons === null) return [];
  return (['best', 'median'] as const).flatMap((name) => {
    const place = photons[name];
    if (place.photons === null) return [];
    const what = `${place.photons} photons at the ${name} place`;
    return [{ what, turns: true, pixels: withSpot(frame, place, place.photons, photons.sigma) }];
  });
}

function regionFrames(
  { pixels, size }: NoisyFrame,
  { removal, addition, occlusion }: Changes,
): readonly Made[] {
  const made: Made[] = [];
  if (removal.found !== null)
    made.push({
      what: 'without regions',
      turns: true,
      pixels: withoutRegions(pixels, size, removal.found.regions),
    });
  if (addition?.found) {
    const empty = withoutRegions(pixels, size, occlusion.regions);
    const alone = withRegionsOf(empty, pixels, size[1], addition.found.regions);
    made.push({ what: 'with regions alone', turns: false, pixels: alone });
  }
  return made;
}

function peakFrames({ pixels, size }: NoisyFrame, { peaks }: Changes): readonly Made[] {
  if (peaks === null || peaks.count === null) return [];
  const { count, places, snr } = peaks;
  return [
    {
      what: `${count} added ${count === 1 ? 'peak' : 'peaks'}`,
      turns: true,
      pixels: withPeaks(pixels, size[1], places.slice(0, count), snr),
    },
  ];
}

/** One for each answer that names a change of the frame. */
export const counterfactuals = (
  fixed: FixedGraph,
  frame: NoisyFrame,
  changes: Changes,
  reasons: PhotonReasons,
): readonly Counterfactual[] =>
  [...regionFrames(frame, changes), ...peakFrames(frame, changes), ...photonFrames(frame, reasons)].map(
    (made) => ({ ...made, score: interpret(fixed, made.pixels).score }),
  );
