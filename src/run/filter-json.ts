/** What a filter kept, for programs. */
import type { FilterOutcome, FilterRequest } from './filter.js';

/** The outcome as a program reads it, beside the files that were asked for. */
export function filteredJson(
  { written, hits, hitsVetoed, skipped, frames, kept, keptByPrescale, unreadable, threshold }: FilterOutcome,
  { out, list, exdf }: FilterRequest,
): object {
  return {
    out: written === null ? null : out,
    list: list ?? null,
    exdf: exdf ?? null,
    frames,
    kept,
    keptByPrescale,
    unreadable,
    threshold,
    ...(hits === 0 ? {} : { hits, hitsVetoed }),
    ...(written === null
      ? {}
      : { pixelType: written.pixelType, carried: written.carried, left: written.left }),
    skipped,
  };
}
