/**
 * A limit on the time of a call that never yields: Node's own watchdog stops it, also inside WebAssembly.
 *
 * The call is stopped wherever it is, and no `catch` or `finally` inside it runs: what it worked on must be given up.
 */
import { createContext, Script } from 'node:vm';

/** Seconds after which reading a file is given up, unless the user says otherwise: slow disks answer in that time. */
export const GIVE_UP_SECONDS = 60;

/** The time was over before the call was. */
export class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp';
}

const box = createContext({ call: (): void => undefined }) as { call: () => void };
const script = new Script('call()');

/** `call()`, where it is done within `seconds`; throws `TimeIsUp` where it is not. Costs a tenth of a millisecond. */
export function withinTime<T>(seconds: number, call: () => T): T {
  const outcomes: ({ readonly value: T } | { readonly error: unknown })[] = [];
  const outer = box.call;
  box.call = () => {
    try {
      outcomes.push({ value: call() });
    } catch (error) {
      outcomes.push({ error });
    }
  };
  try {
    script.runInContext(box, { timeout: Math.max(1, Math.ceil(1000 * seconds)) });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    // The watchdog may bark when the call is done but has not returned yet: then its outcome counts.
    if (outcomes.length === 0) throw new TimeIsUp(`not done after ${seconds} s`);
  } finally {
    box.call = outer;
  }
  const [outcome] = outcomes;
  if ('error' in outcome!) throw outcome.error;
  return outcome!.value;
}
