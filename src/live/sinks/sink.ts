/** Where decisions and kept frames go. */
import type { Delivery } from '../decision.js';

export interface LiveSink {
  /** As the user named it. */
  readonly name: string;
  /** Takes `delivery` wholly, or rejects and has taken nothing of it: it is then offered again. */
  deliver(delivery: Delivery): Promise<void>;
  close(): Promise<void>;
}
