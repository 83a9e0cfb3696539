/** What an RTL project holds for the tools and the board of one vendor; a new vendor is one of these, and a line of index.ts. */
import type { RtlDesign } from '../design.js';

export interface RtlVendor {
  /** Files for its tools and its board, by path; `templates` by path below hls-templates/rtl. Throws `UserError`. */
  files(design: RtlDesign, templates: Readonly<Record<string, string>>): Record<string, string>;
  /** Modules of the project (paths) that its synthesis reads in another form, and the files of those. */
  readonly replaces: Readonly<Record<string, string>>;
  /** Of `make synth`: a variable of the Makefile, and the command of Yosys. */
  readonly synthesis: { readonly sources: string; readonly command: string };
  /** Lines of `make help`; may be empty. */
  readonly help: string;
  /** Rules of the Makefile; may be empty. */
  rules(design: RtlDesign): string;
  /** Lines of the README's list of places. */
  places(design: RtlDesign): string;
  /** How the clock is known, in the README. */
  readonly clockLeft: string;
  /** A section of the README; may be empty. */
  readonly section: string;
}
