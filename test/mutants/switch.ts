/** The switch that instrumented code asks: which mutant is on, which were asked for, and when a loop has no end. */

declare global {
  var mutantIsOn: (id: number) => boolean;
}

export class EndlessError extends Error {}

export interface Run {
  /** Mutants that were asked for. */
  readonly reached: ReadonlySet<number>;
  readonly questions: number;
  /** Whether `body` passed; an endless loop does not. */
  readonly passed: boolean;
}

let on = -1;
let questions = 0;
let most = Infinity;
let reached = new Set<number>();

globalThis.mutantIsOn = (id) => {
  if (++questions > most) throw new EndlessError();
  if (on < 0) reached.add(id);
  return id === on;
};

/** Runs `body` with the mutant `id` on (none if -1); throws it out after `limit` questions. */
export async function withMutant(id: number, limit: number, body: () => unknown): Promise<Run> {
  [on, questions, most, reached] = [id, 0, limit, new Set()];
  let passed = true;
  try {
    await body();
  } catch {
    passed = false;
  }
  const run = { reached, questions, passed };
  [on, most] = [-1, Infinity];
  return run;
}
