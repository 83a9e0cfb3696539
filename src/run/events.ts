/** What a piece of work says while it runs: plain values; those who show them own the clock and the words around them. */
import type { BadFrame } from '../data/stream.js';
import type { StageOutcome, Warning } from './outcomes.js';
import type { Steps } from './progress.js';

export type RunEvent =
  | { readonly event: 'start'; readonly stage: string }
  | {
      readonly event: 'progress';
      readonly stage: string;
      /** Steps, of `total` (0 where that is unknown). */
      readonly done: number;
      readonly total: number;
      readonly steps: Steps;
    }
  /** A fact of the stage for programs, such as an epoch of its training. */
  | { readonly event: 'fact'; readonly stage: string; readonly name: string; readonly facts: object }
  | {
      readonly event: 'end';
      readonly stage: string;
      readonly outcome: StageOutcome;
    }
  /** A frame, or with index -1 a file, that is left out because it cannot be read. */
  | ({ readonly event: 'skipped' } & BadFrame)
  | { readonly event: 'warning'; readonly warning: Warning };

export type Emit = (event: RunEvent) => void;

/** For those who want results alone. */
export const silence: Emit = () => undefined;

/** A stage at work. */
export interface Progress {
  /** Where events of work inside the stage go. */
  readonly emit: Emit;
  /** `done` of `total` (0 when unknown) steps. */
  update(done: number, total: number, steps?: Steps): void;
  /** A fact for programs. */
  tell(name: string, facts: object): void;
  /** Ends the stage with what came of it. */
  finish(outcome: StageOutcome): void;
}

/** Begins the stage `stage`; what it says goes to `emit`. */
export function beginStage(emit: Emit, stage: string): Progress {
  emit({ event: 'start', stage });
  return {
    emit,
    update(done, total, steps = { of: 'steps' }) {
      emit({ event: 'progress', stage, done, total, steps });
    },
    tell(name, facts) {
      emit({ event: 'fact', stage, name, facts });
    },
    finish(outcome) {
      emit({ event: 'end', stage, outcome });
    },
  };
}
