/** What a check of the fuzzer came to. */

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

/** The failure of a check on `frames` frames that threw `error`. */
export function failedWith(error: unknown, frames: number): Failed {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const all = Array.from({ length: frames }, (_, i) => i);
  return { kind: 'failed', stage: 'error', frames: all, text: text.slice(0, 1500) };
}

/** The kind of error and what it says, without its numbers. */
const gist = ({ text }: Failed): string => text.split('\n')[0]!.replace(/[0-9]+/g, 'N');

/** An error stays the same error, a difference a difference: shrinking must not wander to another defect. */
export const isAlike = (a: Failed, b: Outcome): b is Failed =>
  b.kind === 'failed' &&
  (a.stage === 'error') === (b.stage === 'error') &&
  (a.stage !== 'error' || gist(a) === gist(b));
