/** Planting faults in the SystemVerilog of a project: all compiled in, none active until its number is named. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import type { RtlDesign } from '../../src/backends/rtl/design.js';
import { writeProject } from '../hls/project.js';
import { plant, type HlsFault } from '../mutation/plant.js';

const PLANTED = `// Which fault is active; a file that stands in front of the others.
int vetoc_fault;
function automatic bit vetoc_planted(input int n);
  vetoc_planted = vetoc_fault == n;
endfunction
`;

/** The number by +fault=N, or else from a file "fault" where the simulation runs: not every bench hands options on. */
const CHOICE = `
  int vetoc_fault_file;
  initial begin
    vetoc_fault_file = $fopen("fault", "r");
    if (vetoc_fault_file != 0) begin
      if ($fscanf(vetoc_fault_file, "%d", vetoc_fault) != 1) vetoc_fault = -1;
      $fclose(vetoc_fault_file);
    end else if ($value$plusargs("fault=%d", vetoc_fault) == 0) vetoc_fault = 0;
  end
endmodule`;

/** `files` with all of `faults` in them; number 0 is none. The module in `top` reads the number. */
export const plantedIn = (
  files: Readonly<Record<string, string | Uint8Array>>,
  top: string,
  faults: readonly HlsFault[],
): Readonly<Record<string, string | Uint8Array>> => {
  const spoilt = plant(files, faults);
  return {
    ...spoilt,
    'rtl/a_planted.sv': PLANTED,
    [top]: String(spoilt[top]).replace(/\nendmodule/, () => CHOICE),
  };
};

export const planted = (
  design: RtlDesign,
  faults: readonly HlsFault[],
): Readonly<Record<string, string | Uint8Array>> =>
  plantedIn(emitRtl(design), `rtl/${design.top}_dataflow.sv`, faults);

/** Some of the modules that every project shares, in a folder, with all of `faults` in them; `top` reads the number. */
export function templateModules(
  names: readonly string[],
  top: string,
  faults: readonly HlsFault[],
): { readonly folder: string; readonly sources: readonly string[] } {
  const path = (name: string): string => `rtl/vetoc/vetoc_${name}.sv`;
  const from = join(import.meta.dirname, '../../hls-templates/rtl');
  const files = plantedIn(
    Object.fromEntries(
      names.map((name) => [path(name), readFileSync(join(from, `vetoc_${name}.sv`), 'utf8')]),
    ),
    path(top),
    faults,
  );
  const folder = writeProject(files);
  return {
    folder,
    sources: Object.keys(files)
      .filter((f) => f.endsWith('.sv'))
      .sort()
      .map((f) => join(folder, f)),
  };
}
