#!/bin/sh
# Fetches what only tests need; nothing of it is committed or shipped.
# - .cache/ap_types: AMD's public ap_types headers (Apache-2.0), out of the hls4ml package on PyPI;
# - ~/.cache/vetoc-test-tools/onnx: the official onnx package (checker, reference evaluator) in an environment of its own;
# - ~/.cache/vetoc-test-tools/exfel: European XFEL's EXtra-data and extra-redu, which read what vetoc filter --exdf writes.
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

fetch_onnx() {
  version=1.23.2
  home="${VETOC_TEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/vetoc-test-tools}/onnx"
  if "$home/bin/python" -c "import onnx, sys; sys.exit(onnx.__version__ != '$version')" 2>/dev/null; then return; fi
  rm -rf "$home"
  python3 -m venv "$home"
  "$home/bin/python" -m pip install --quiet "onnx==$version"
}

fetch_exfel() {
  data=1.25.0
  redu=1.1.0
  home="${VETOC_TEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/vetoc-test-tools}/exfel"
  if "$home/bin/python" -c "
import sys
from importlib.metadata import version
sys.exit(version('EXtra-data') != '$data' or version('extra-redu') != '$redu')" 2>/dev/null; then return; fi
  rm -rf "$home"
  python3 -m venv "$home"
  "$home/bin/python" -m pip install --quiet "EXtra-data==$data" "extra-redu==$redu"
}

fetch_ap_types
fetch_onnx
fetch_exfel
