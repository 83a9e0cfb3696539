/** What stands below the help of commands. */
import { CRYSTAL_FORMS } from '../data/simulate/crystal.js';
import { parameterNames, SPOT_ALGORITHMS } from '../spotfind/parameters.js';

/** How to name frames, for the help of every command. */
export const FRAME_HELP = `
Frames are named as FILE, FOLDER, 'PATTERN' or a CrystFEL list or stream (.lst, .stream), each with #/path/to/dataset and [start:stop:step] where wanted:
  run12.cxi   'night/*.cbf'   folder/   run12.h5#/entry/data/data[0:500]   DiffraNet's folder`;

/** What stands below the help of `vetoc simulate`. */
export const SIMULATE_HELP = `
Ranges are LOW:HIGH or one number. Crystal forms: ${CRYSTAL_FORMS.map((form) => form.name).join(', ')}.
Without detector options the frames come from a bank of detectors; any of them makes one detector of your own.

Examples:
  vetoc simulate frames.h5 --count 4000 --seed 7
  vetoc simulate raw.h5 --count 200 --raw jungfrau
  vetoc simulate rare.h5 --count 10000 --hit-fraction 0.004 --variety standard
  vetoc simulate own.h5 --size 1030x1065 --pixel-size 0.075 --distance 150:200 --energy 9.5 --panels 2x1 --gap 37,0 \\
      --cell 79.1,79.1,38,90,90,90 --space-group P43212 --background 0.1:3 --ice 0.1 --multi-lattice 0.2`;

/** What stands below the help of `vetoc filter`. */
export const FILTER_HELP = `
At least one of --out, --list and --exdf says where to. The scores are kept in OUT.scores while the command runs: killed, the same command goes on where it stopped.
The file has CXI's layout (/entry_1/data_1/data, mask, experiment_identifier), the scores in /vetoc/score, and everything
else that the frames' files hold under its old name, without the rows of vetoed frames.

Examples:
  vetoc filter out/veto --frames run12.cxi --out kept.cxi
  vetoc filter out/veto --frames 'night/*.cbf' --out night.cxi --threshold -20 --skip-bad
  vetoc filter out/veto --frames run12.cxi --list kept.lst
  vetoc filter out/veto --frames 'r0007/CORR-R0007-AGIPD*-S*.h5' --exdf CORR-R0007-REDU00-S00000.h5`;

/** What stands below the help of `vetoc live`. */
export const LIVE_HELP = `
Sources: dectris://HOST:31001 (SIMPLON stream V2, Jungfraujoch), FOLDER (files as they are written),
  lclstreamer://*:12321 (waits for the sender), karabo://HOST:PORT (bridge 2.2),
  simulate://?rate=100&frames=1000&hits=0.05&seed=1 (frames of our own, to try it)
Sinks: - or FILE.jsonl, zmq://*:PORT (decisions), ledger:DIR (a ledger for vetoc audit query, report and view), FILE.cxi (kept frames
  with lists for indexamajig), stream://*:PORT (kept frames, their messages unchanged), exdf:FILE.h5 (European XFEL: flags of trains)

Counts above 65535, of 32-bit streams, are seen as 65535 or as the detector's largest trusted count, if that is less (--overloads).
A frame that cannot be decoded, does not fit or is late is kept and flagged. SIGTERM and Ctrl-C deliver what was received;
SIGHUP reads the run and --maps again and decides by them from then on.

Examples:
  vetoc live out/demo --from 'simulate://?rate=20&frames=100' --to -
  vetoc live out/veto --from dectris://127.0.0.1:31001 --to decisions.jsonl 'stream://*:31002' --metrics 9100
  vetoc live out/veto --from dectris://127.0.0.1:31001 --maps maps.h5 --gain 41,-1.44,-0.106 --photon-energy 12400`;

/** What stands below the help of `vetoc plan`. The serial run: M. O. Wiedorn et al., Nat. Commun. 9 (2018) 4025. */
export const PLAN_HELP = `
Shares of hits lost and misses kept are those of vetoc threshold or evaluate. The example is CTX-M-14 of Wiedorn et al. (2018), which an
AGIPD saw without a veto: 14,445 hits in 3,215,616 frames.

Example:
  vetoc plan --detector agipd-1m --frames 3215616 --hits 14445 --lose 0.5% --keep-misses 2% --latency 100`;

/** Which parameters there are, for the help. */
const FINDER_HELP = `
Parameters go under the names of OM, CrystFEL and Cheetah, or of DIALS:
${SPOT_ALGORITHMS.filter((name) => name !== 'dispersion-extended')
  .map((name) => `  ${name}: ${parameterNames(name).join(', ')}`)
  .join('\n')}
  dispersion-extended: the same as dispersion`;

/** What stands below the help of `vetoc audit`. */
export const AUDIT_HELP = `${FINDER_HELP}
${FRAME_HELP}

Examples:
  vetoc audit out/demo --frames 'night1/*.cxi'
  vetoc audit report out/demo
  vetoc audit view out/demo
  vetoc audit query out/demo "SELECT file, file_index, spots FROM frames WHERE vetoed_with_peaks ORDER BY spots DESC"
  vetoc audit export out/demo --parquet night1.parquet --labels labels.csv
  vetoc audit out/demo --frames night1.h5 --labels night1.csv --prescale 100 --frame-number pulseId --lose 1% --out out/metered

With --prescale what is known of the misses that the firmware kept (labels, verdicts) becomes an unbiased estimate of the hits
lost, with an exact interval. Wholly beyond --lose it is an alarm: said at once, exit code 1.
An interrupted audit continues where it was when the command is repeated.`;

/** What stands below the help of `vetoc spotfind`. */
export const SPOTFIND_HELP = `${FINDER_HELP}
${FRAME_HELP}

Examples:
  vetoc spotfind frames.h5
  vetoc spotfind frames.h5 --algorithm peakfinder8 -p adc_threshold=250 -p min_snr=6 --out peaks.cxi --with-frames
  vetoc spotfind frames.h5 --algorithm dispersion-extended -p sigma_strong=3 -p d_min=2.5 --pixel-size 0.3 --csv spots.csv

The CXI file is for CrystFEL: indexamajig --peaks=cxi`;
