/**
 * What a back end is to the compiler. `vetoc run` writes what every one builds, `vetoc verify` asks its witnesses, `vetoc export`
 * has a command for each that exports, and the report shows its figures: all iterate over the records of `BACKENDS`.
 */
import type { FrameMaps } from '../ir/frame-maps.js';
import type { FixedGraph, FloatGraph } from '../ir/graph.js';
import type { FrameResult, MissingWitness, Witness } from '../simulate/witness.js';
import type { HlsOptions } from './dataflow/design.js';
import type { OrtProvider } from './onnx/ort/session.js';

/** Paths in the folder of a back end, with `/`, and what stands there. */
export type BuiltFiles = Readonly<Record<string, string | Uint8Array>>;

/** A network before and after quantization. */
export interface Networks {
  readonly float: FloatGraph;
  readonly fixed: FixedGraph;
}

/** Frames for the benches of projects, and the definition of the arithmetic that says what they must give. */
export interface GoldenFrames {
  /** `height * width` raw pixels each. */
  readonly frames: readonly Uint16Array[];
  readonly interpret: (graph: FixedGraph, frame: Uint16Array, maps?: FrameMaps) => FrameResult;
  /** Of raw words: the maps that come with every frame. */
  readonly maps?: FrameMaps;
}

export interface Timing {
  readonly clockMHz: number;
  readonly pixelsPerClock: number;
  readonly beatsPerFrame: number;
  readonly cyclesPerFrame: number;
  readonly framesPerSecond: number;
  /** What limits the frame rate: the pixel stream, or a stage by name. */
  readonly limitedBy: string;
  readonly firstPixelMicroseconds: number;
  readonly lastPixelMicroseconds: number;
}

/** A stage of the firmware: its slowest loop, and what it takes where that is estimated. */
export interface StageFigures {
  readonly stage: string;
  readonly cycles: number;
  /** By the names of `FirmwareFigures.resources`; empty where nobody has estimated it. */
  readonly resources: Readonly<Record<string, number>>;
}

/** What firmware costs and how fast it is. */
export interface FirmwareFigures {
  /** What the board is called. */
  readonly board: string;
  /** `estimated` by vetoc's model of a vendor tool; `simulated`: simulation is held to the cycles, the clock is not measured. */
  readonly basis: 'estimated' | 'simulated';
  /** Null where nobody has estimated it. */
  readonly fits: boolean | null;
  readonly resources: readonly {
    readonly name: string;
    readonly needed: number;
    readonly available: number;
    /** Of what the board has; 1 is all of it. */
    readonly share: number;
  }[];
  readonly timing: Timing;
  readonly stages: readonly StageFigures[];
}

export interface Built {
  readonly files: BuiltFiles;
  /** Null for what is no firmware. */
  readonly firmware: FirmwareFigures | null;
  /** Of firmware in parts: the figures of each under what it is, in place of `firmware`. */
  readonly parts?: readonly { readonly title: string; readonly firmware: FirmwareFigures }[];
  /** The levels of the compile between the fixed graph and the files, as text, by name: `plan`, `schedule`. */
  readonly levels: Readonly<Record<string, string>>;
  /** What is known of it, as JSON says it. */
  readonly facts: object;
}

export interface BuildRequest {
  readonly networks: Networks;
  /** Board, rate and link of firmware. */
  readonly wish: HlsOptions;
  readonly golden: GoldenFrames;
  readonly producerVersion: string;
  readonly recipeHash: string;
}

/** What a project is exported for; see `HlsOptions` for board, rate and link. */
export interface ProjectRequest {
  readonly fixed: FixedGraph;
  readonly wish: HlsOptions;
  readonly golden: GoldenFrames;
  /** Weights that can be exchanged while frames run. */
  readonly reloadable: boolean;
}

/** Cells of a part. */
export interface CellFigures {
  readonly lut: number;
  readonly ff: number;
  readonly dsp: number;
  /** Blocks of 36 kbit. */
  readonly bram36: number;
}

/** What a synthesis made of a project, beside the estimate. */
export interface SynthesisReport {
  /** `Yosys 0.23`. */
  readonly tool: string;
  /** What the tool calls the family. */
  readonly family: string;
  /** SHA-256 of sources, family and tool. */
  readonly hash: string;
  readonly target: string;
  readonly board: string;
  /** Stages, and what stands beside them. */
  readonly parts: readonly {
    readonly part: string;
    readonly estimated: CellFigures;
    readonly synthesized: CellFigures;
  }[];
  readonly total: {
    readonly estimated: CellFigures;
    readonly synthesized: CellFigures;
    readonly available: CellFigures;
  };
  readonly fits: boolean;
}

/** A synthesis that can be run. */
export interface ProjectSynthesis {
  readonly hash: string;
  /** Whether a file is among the sources, and what must stand there. */
  readonly sources: BuiltFiles;
  /** `onPass`: what the tool does next. */
  readonly run: (onPass: (pass: string) => void) => Promise<SynthesisReport>;
  /** The files of the project that say what a synthesis found. */
  readonly describe: (report: SynthesisReport) => BuiltFiles;
}

/** A project for a board, with options for board, rate and link. */
export interface ProjectExport {
  readonly kind: 'project';
  /** Throws `UserError` or `UnsupportedError` where it cannot be had. */
  readonly build: (request: ProjectRequest) => Built;
  /** What `build` would cost, without its files; null for what is no firmware. */
  readonly figures: (fixed: FixedGraph, wish: HlsOptions) => FirmwareFigures | null;
  /** The levels of the compile between the fixed graph and the files, as text, by name: `plan`, `schedule`. */
  readonly levels: (fixed: FixedGraph, wish: HlsOptions) => Readonly<Record<string, string>>;
  /** Prepares a synthesis with a free tool; throws `UserError` where there is none, or for that board. Null: it has no such form. */
  readonly synthesis: ((fixed: FixedGraph, wish: HlsOptions) => Promise<ProjectSynthesis>) | null;
  /** A file that every such project has: a folder with it may be replaced. */
  readonly mark: string;
  /** Rules of the project's Makefile that check it. */
  readonly check: string;
}

/** Single files, each in a form of its own. */
export interface DialectExport {
  readonly kind: 'dialects';
  readonly dialects: Readonly<Record<string, Dialect>>;
  /** Those that are written unless others are asked for. */
  readonly usual: readonly string[];
  readonly flags: readonly DialectFlag[];
}

export interface DialectOptions {
  /** Version of vetoc, for the file's own facts. */
  readonly producerVersion?: string;
  /** SHA-256 of the recipe that made the network. */
  readonly recipeHash?: string;
  /** Also put out the tensor of every node: `<id>.tensor`, `[N, height, width, channels]`. */
  readonly intermediates?: boolean;
  /** A second input with frame number, key and N of the prescale. */
  readonly prescale?: boolean;
}

/** An option of `vetoc export` that dialects of the back end know. */
export interface DialectFlag {
  readonly name: 'intermediates' | 'prescale';
  readonly description: string;
  /** The one dialect that knows it; null: every one, or it says in its own words why not. */
  readonly only: string | null;
}

export interface Dialect {
  readonly file: string;
  /** Who reads it, for the help. */
  readonly summary: string;
  readonly emit: (networks: Networks, options: DialectOptions) => Uint8Array;
  /** What whoever runs the file should know of this network, a line each. */
  readonly notes?: (networks: Networks) => readonly string[];
}

export interface WitnessRequest {
  /** The folder of the back end in the run. */
  readonly folder: string;
  /** The folder of the run, for messages. */
  readonly run: string;
  readonly fixed: FixedGraph;
  /** What ONNX Runtime runs on, one witness each. */
  readonly providers: readonly OrtProvider[];
  /** Folder of the vendor's `ap_int.h` and `ap_fixed.h`. */
  readonly apTypes?: string;
  readonly compiler?: string;
}

/** Who computes frames with what the back end wrote. */
export interface WitnessRecord {
  readonly name: string;
  /** When it is asked though nobody names it; one of `always` is part of `vetoc run`, too. */
  readonly asked: 'always' | 'where the vendor’s headers are' | 'where its project is';
  /** What takes a while before the first frame, in words; null where nothing does. */
  readonly prepares: string | null;
  /** Opens it on the files of the run; what this machine lacks is a `MissingWitness`. */
  readonly open: (request: WitnessRequest) => Promise<readonly (Witness | MissingWitness)[]>;
}

/** The cells that a synthesis is counted in, as people call them, and their fields. */
export const CELL_KINDS = [
  ['LUT', 'lut'],
  ['FF', 'ff'],
  ['DSP', 'dsp'],
  ['BRAM36', 'bram36'],
] as const satisfies readonly (readonly [string, keyof CellFigures])[];

/** Something that is to hold of what a back end wrote for all inputs, and whether that is proved. */
export interface Statement {
  readonly claim: string;
  /** The parts that it is about, by name. */
  readonly about: readonly string[];
  /** How far a proof of it reaches. */
  readonly reach: string;
  /** Who proves it. */
  readonly by: string;
  /** `open`: not asked, not of these files, or without an answer; `why` says which. */
  readonly verdict: 'proved' | 'refuted' | 'open';
  readonly why: string | null;
  /** What the verdict rests on, as paths in the folder of the back end. */
  readonly files: readonly string[];
}

/** What no proof says. */
export interface TestedOnly {
  readonly what: string;
  /** Parts by name; empty: all of it. */
  readonly of: readonly string[];
}

export interface ProjectProofs {
  readonly statements: readonly Statement[];
  readonly tested: readonly TestedOnly[];
}

/** To ask the prover, not only what it said before. */
export interface AskProofs {
  readonly onProgress: (done: number, total: number) => void;
}

export interface Backend {
  readonly name: string;
  /** What it writes, for help, progress and reports: `HLS C++`. */
  readonly title: string;
  /** One sentence for `vetoc export --help`. */
  readonly description: string;
  /** Where it stands in the folder of a run. */
  readonly folder: string;
  /** Whether a run fails with it; one that is not required is left out with a reason where a network is beyond it. */
  readonly required: boolean;
  /** Why a network is too large for `vetoc run` to build it, which then says so; null where it is not. */
  readonly tooLarge: (fixed: FixedGraph) => string | null;
  /** Throws `UnsupportedError` for what it cannot say. */
  readonly build: (request: BuildRequest) => Promise<Built>;
  /** Whether the file at `path` in its folder is what witnesses compute with: its hash is then in `verify.json`. */
  readonly compares: (path: string) => boolean;
  readonly witnesses: readonly WitnessRecord[];
  /** What is proved for all inputs of its files in a folder; null: nothing is, witnesses test all. */
  readonly proofs: ((folder: string, ask: AskProofs | null) => Promise<ProjectProofs | null>) | null;
  readonly export: ProjectExport | DialectExport | null;
}

/** For back ends whose cost does not grow beyond reason. */
export const neverTooLarge = (): null => null;
