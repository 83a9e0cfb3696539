/** What a piece of work says while it runs: plain values; those who show them own the clock and the words around them. */
import type { BadFrame } from '../data/stream.js';

export type RunEvent =
  | { readonly event: 'start'; readonly stage: string }
  | {
      readonly event: 'progress';
      readonly stage: string;
      /** Steps, of `total` (0 where that is unknown). */
      readonly done: number;
      readonly total: number;
      readonly note: string;
    }
  /** A fact of the stage for programs, such as an epoch of its training. */
  | { readonly event: 'fact'; readonly stage: string; readonly name: string; readonly facts: object }
  | {
      readonly event: 'end';
      readonly stage: string;
      /** What came of it, in a line. */
      readonly summary: string;
      /** More lines, where one does not say it. */
      readonly details: string;
    }
  /** A frame, or with index -1 a file, that is left out because it cannot be read. */
  | ({ readonly event: 'skipped' } & BadFrame)
  /** What somebody should know, and nothing failed of. */
  | { readonly event: 'warning'; readonly text: string };

export type Emit = (event: RunEvent) => void;

/** For those who want results alone. */
export const silence: Emit = () => undefined;

/** A stage at work. */
export interface Progress {
  /** Where events of work inside the stage go. */
  readonly emit: Emit;
  /** `done` of `total` (0 when unknown) steps. */
  update(done: number, total: number, note?: string): void;
  /** A fact for programs. */
  tell(name: string, facts: object): void;
  /** Ends the stage with what came of it, and more lines where one does not say it. */
  finish(summary: string, details?: string): void;
}

/** Begins the stage `stage`; what it says goes to `emit`. */
export function beginStage(emit: Emit, stage: string): Progress {
  emit({ event: 'start', stage });
  return {
    emit,
    update(done, total, note = '') {
      emit({ event: 'progress', stage, done, total, note });
    },
    tell(name, facts) {
      emit({ event: 'fact', stage, name, facts });
    },
    finish(summary, details = '') {
      emit({ event: 'end', stage, summary, details });
    },
  };
}
