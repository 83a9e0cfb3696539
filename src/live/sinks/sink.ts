/** Where decisions and kept frames go. */
import type { Delivery } from '../decision.js';

export interface LiveSink {
  /** As the user named it. */
  readonly name: string;
  /** Takes `delivery` wholly, or rejects and has taken nothing of it: it is then offered again. */
  deliver(delivery: Delivery): Promise<void>;
  /** Makes sure of what was taken. Rejects where that cannot be (a full disk): it is then asked again. */
  close(): Promise<void>;
  /** Deliveries that were taken and would be lost if the process ended now; 0 unless given. */
  readonly held?: () => number;
}
