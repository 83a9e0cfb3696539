/** Scripts for AMD's tools: a Tcl script for Vitis HLS 2023.2, a config file for the unified tools of 2024 and later. */
import { LICENCE } from './cpp.js';
import type { Design } from '../dataflow/design.js';

const HASH_LICENCE = LICENCE.replace('//', '#');
/** What the sources are compiled with beside their folders. */
const options = (ecc: boolean): string => `-std=c++14${ecc ? ' -DVETOC_ECC' : ''}`;

/** `vitis_hls -f run_hls.tcl STEP…` */
export const hlsTcl = ({ target, clockMHz, ecc }: Design, top: string): string => `${HASH_LICENCE}
#
# Vitis HLS 2023.2:   vitis_hls -f run_hls.tcl                       all steps
#                     vitis_hls -f run_hls.tcl csim                  only that one
set steps {csim synth cosim export}
if {[llength $argv] > 2} { set steps [lrange $argv 2 end] }

set root [file dirname [file normalize [info script]]]
cd $root
set cflags "${options(ecc)} -I$root/firmware/vetoc -I$root/firmware"
open_project -reset build_hls
set_top ${top}
add_files $root/firmware/${top}.cpp -cflags $cflags -csimflags "$cflags -DVETOC_PROBES"
add_files -tb $root/tb/bench.cpp -cflags "$cflags -I$root/tb -DVETOC_PROBES"
open_solution -reset -flow_target vivado solution
set_part ${target.part}
create_clock -period ${(1000 / clockMHz).toFixed(3)} -name default
# Everything that outlives a frame comes up as after configuration.
config_rtl -reset state -reset_level low

if {"csim" in $steps}   { csim_design -argv "--streams $root/golden" }
if {"synth" in $steps}  { csynth_design }
# The co-simulation sees ports only: the bench compares decisions, and leaves the streams inside alone.
if {"cosim" in $steps}  { cosim_design -argv "--decisions $root/golden" }
if {"export" in $steps} { export_design -format ip_catalog -vendor vetoc -library veto -ipname ${top} -version 0.1 -output $root/${top}.zip }
exit
`;

/** For `v++ -c --mode hls` and `vitis-run --mode hls`. */
export function hlsConfig({ target, clockMHz, ecc }: Design, top: string): string {
  const cflags = `${options(ecc)} -Ifirmware/vetoc -Ifirmware`;
  return `${HASH_LICENCE}
#
# Vitis 2024.1 and later, from this folder:
#   vitis-run --mode hls --csim    --config hls_config.cfg --work_dir build_hls
#   v++ -c    --mode hls           --config hls_config.cfg --work_dir build_hls
#   vitis-run --mode hls --cosim   --config hls_config.cfg --work_dir build_hls
#   vitis-run --mode hls --package --config hls_config.cfg --work_dir build_hls
# The arguments of the bench want the absolute path of golden/: put it in place of GOLDEN.
part=${target.part}

[hls]
flow_target=vivado
clock=${clockMHz}MHz
syn.top=${top}
syn.rtl.reset=state
syn.rtl.reset_level=low
syn.file=firmware/${top}.cpp
syn.cflags=${cflags}
syn.csimflags=${cflags} -DVETOC_PROBES
tb.file=tb/bench.cpp
tb.cflags=${cflags} -Itb -DVETOC_PROBES
csim.argv=--streams GOLDEN
cosim.argv=--decisions GOLDEN
package.output.format=ip_catalog
package.ip.vendor=vetoc
package.ip.library=veto
package.ip.name=${top}
package.ip.version=0.1
package.output.syn=false
`;
}
