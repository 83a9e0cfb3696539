#!/usr/bin/env bash
# What is too slow for every push. Run it before an issue is called resolved; each line stands for itself.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()
step() {
  echo "== $*"
  "$@" || failed+=("$*")
}
npm run --silent setup || exit 1
seed="$(date +%s)"
step npm run --silent mutate
step npm run --silent fuzz -- --seconds 1800 --seed "${seed}" --csim 0.01
step npx tsx test/sim-headers/golden.ts check --seed "${seed}"
step npm run --silent test:package
step npm run --silent test:nodes
if [ "${#failed[@]}" -gt 0 ]; then
  printf 'failed: %s\n' "${failed[@]}"
  exit 1
fi
