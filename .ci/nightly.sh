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
step env VETOC_ALL_FAULTS=1 npx vitest run test/rtl/faults.test.ts test/rtl/bench-faults.test.ts test/rtl/silicon.test.ts test/rtl/proofs.test.ts test/rtl/raw-proofs.test.ts
step env VETOC_ALL_BENCHES=1 VETOC_MANY_UPSETS=1 npx vitest run test/rtl/project.test.ts
step env VETOC_MANY_UPSETS=1 npx vitest run test/hls/upsets.test.ts -t "flip"
step env VETOC_ALL_EXAMPLES=1 npx vitest run test/cli/examples.test.ts
step env VETOC_SLURM_DRILLS=1 npx vitest run test/slurm/audit.test.ts
step npm run --silent rtl -- --drills 4
step npm run --silent rtl -- --icarus --frames 2 --drills 4
step env VETOC_FUZZ_SEED="${seed}" npm run --silent fuzz:readers
step npx tsx test/bench/modules.ts
step env VETOC_MODULE_NETWORKS=150 npx vitest run test/modules/parts.test.ts
step npx tsx test/sim-headers/golden.ts check --seed "${seed}"
step npm run --silent test:package
step npm run --silent test:nodes
if [ "${#failed[@]}" -gt 0 ]; then
  printf 'failed: %s\n' "${failed[@]}"
  exit 1
fi
