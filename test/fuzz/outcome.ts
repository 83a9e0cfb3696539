/** What a check of the fuzzer came to. */
import { UnsupportedError } from '../../src/core/errors.js';

export type Outcome =
  | { readonly kind: 'same'; readonly values: number }
  /** Refused in words, as it should be. */
  | { readonly kind: 'unsupported'; readonly reason: string }
  | {
      readonly kind: 'failed';
      readonly stage: string;
      /** Which frames show it; all of them for an error. */
      readonly frames: readonly number[];
      readonly text: string;
    };
export type Failed = Extract<Outcome, { kind: 'failed' }>;

/** What a check on `frames` frames that threw came to: whatever it throws, other than a refusal, is a failure. */
export function outcomeOfError(error: unknown, frames: number): Outcome {
  if (error instanceof UnsupportedError) return { kind: 'unsupported', reason: error.message };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const all = Array.from({ length: frames }, (_, i) => i);
  return { kind: 'failed', stage: 'error', frames: all, text: text.slice(0, 1500) };
}

/** An error stays an error, a difference a difference: shrinking must not wander to another defect. */
export const isAlike = (a: Failed, b: Outcome): b is Failed =>
  b.kind === 'failed' && (a.stage === 'error') === (b.stage === 'error');
