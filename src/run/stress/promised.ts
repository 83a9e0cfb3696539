/** The promise that a stress test holds a veto to. */

/** What a veto was made for: more lost or less rejected than this breaks it. */
export interface Promised {
  readonly mostLost: number;
  readonly leastRejected: number;
}
