/** What a proof of a design is, as a value. */

/** How far a proof reaches. */
export type Reach =
  /** By induction: after any number of cycles. */
  | { readonly kind: 'forever' }
  /** Whatever came before: the module forgets after so many cycles. */
  | { readonly kind: 'pipeline'; readonly cycles: number }
  /** For so many cycles from the reset. */
  | { readonly kind: 'bounded'; readonly cycles: number };

export interface Proof {
  /** Of its files. */
  readonly name: string;
  /** What is proved, in words. */
  readonly claim: string;
  /** The links or instances of the design that it is about. */
  readonly about: readonly string[];
  /** Whether it is of the design's own sizes, or of small ones. */
  readonly ownSize: boolean;
  /** A file of `hls-templates/rtl/formal/` and its module. */
  readonly checker: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly reach: Reach;
  /** Wires of the checker that are the module's own registers. */
  readonly connected: Readonly<Record<string, string>>;
}

export const WITHOUT: Proof['connected'] = {};
