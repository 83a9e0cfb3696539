/**
 * Values that are no measurement, by the words of a text header: photon counters mark gaps and bad pixels, and headers
 * state the largest trusted count.
 *
 * Sources: DECTRIS's mini-header (`Count_cutoff`), EPICS areaDetector's attributes (`CameraModel`), SMV and d*TREK
 * headers.
 */
import { NO_RULE, type PixelType, type ValueRule } from '../pixels.js';

const COUNTERS =
  /pilatus|eiger|dectris|medipix|timepix|lambda|merlin|maxipix|photon.?count|count_cutoff|(silicon|cdte|gaas) sensor|n_excluded_pixels/i;

/** Whether a header is that of a detector that counts photons one by one. */
export function isCounter(text: string): boolean {
  return COUNTERS.test(text);
}

/**
 * The rule for frames of `type` under a header of `text`. Signed counts are never negative; all ones are no count; a
 * largest count that is not positive is none.
 */
export function markRule(text: string, type: PixelType): ValueRule {
  const counter = isCounter(text);
  const cutoff = Number(/count_?cutoff[\s=:,"'(]+([+-]?[\d.]+(?:e[+-]?\d+)?)/i.exec(text)?.[1] ?? NaN);
  const sentinels: number[] = [];
  if (type === 'uint32') sentinels.push(0xffffffff, 0xfffffffe);
  if (type === 'uint64') sentinels.push(2 ** 64);
  if (type === 'uint16' && counter) sentinels.push(0xffff, 0xfffe);
  return {
    ...NO_RULE,
    sentinels,
    below: counter && type.startsWith('int') ? 0 : null,
    saturation: cutoff > 0 ? cutoff : null,
  };
}

/** `rule` with the largest trusted count that a header states as `value`, where that is one. */
export function withSaturation(rule: ValueRule, value: string | number | undefined): ValueRule {
  const saturation = Number(value);
  return saturation > 0 && Number.isFinite(saturation) ? { ...rule, saturation } : rule;
}
