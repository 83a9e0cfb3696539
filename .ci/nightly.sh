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
step npm run --silent docs
step npm run --silent mutate
step env VETOC_PROPERTY_SEED="${seed}" npm run --silent test:fast
step npm run --silent fuzz -- --seconds 1800 --seed "${seed}" --csim 0.01
step npm run --silent fuzz -- --seconds 10800 --seed "${seed}" --only rtl --count 2000
# All that the tests leave out by day.
step env VETOC_NIGHT=1 npm test
step npm run --silent rtl -- --drills 4
step npm run --silent rtl -- --icarus --frames 2 --drills 4
step env VETOC_FUZZ_SEED="${seed}" npm run --silent fuzz:readers
step npx tsx test/bench/modules.ts
step npx tsx test/sim-headers/golden.ts check --seed "${seed}"
step npm run --silent test:package
step npm run --silent test:nodes
if [ "${#failed[@]}" -gt 0 ]; then
  printf 'failed: %s\n' "${failed[@]}"
  exit 1
fi
