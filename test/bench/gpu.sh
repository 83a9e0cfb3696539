#!/usr/bin/env bash
# The published references at their full size, 512 × 512 pixels, on a machine with a GPU: under fifteen minutes.
#
#     test/bench/gpu.sh FRAMES.h5 [OUT]
#
# FRAMES has labels of the five DiffraNet classes and a train/test split. Needs an NVIDIA GPU with its driver, and @tensorflow/tfjs-node-gpu, which
# `npm ci` installs where its library can be downloaded. Prints steps a second of AlexNet and ResNet-101 on the GPU, then trains AlexNet as
# published for as long as there is time (an epoch is some seconds) and goes on from its checkpoints when it is called again.
set -uo pipefail
frames="${1:?name a file of labelled frames}"
out="${2:-out/gpu}"
frames="$(cd "$(dirname "${frames}")" && pwd)/$(basename "${frames}")"
cd "$(dirname "$0")/../.." || exit 2
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv || { echo 'no NVIDIA GPU here' >&2; exit 2; }
node -e "import('@tensorflow/tfjs-node-gpu').then(() => console.log('tfjs-node-gpu: there'))" ||
  { echo 'tfjs-node-gpu is not installed: npm ci on a network that reaches storage.googleapis.com' >&2; exit 2; }
mkdir -p "${out}"
# Started at once, so that the whole keeps to its time.
end=$((SECONDS + 840))
left() { echo $((end - SECONDS)); }
for network in alexnet resnet101; do
  timeout 120 npx tsx test/bench/train.ts "${network}" --batch 16 --micro 8 --steps 8 --only tensorflow |
    tee "${out}/${network}-steps.txt"
done
# The recipe as published, but for what a step holds at once: a GPU takes more than a processor.
node -e "
  const fs = require('fs');
  for (const name of ['alexnet', 'resnet101']) {
    const recipe = JSON.parse(fs.readFileSync('calibration/' + name + '.json', 'utf8'));
    recipe.training.microBatch = name === 'alexnet' ? 64 : 16;
    recipe.training.cacheMebibytes = 8192;
    recipe.frames = { kind: 'files', paths: [process.argv[1]] };
    recipe.verify = { frames: 8, tensorFrames: 1, witnesses: ['onnxruntime'] };
    fs.writeFileSync(process.argv[2] + '/' + name + '.json', JSON.stringify(recipe));
  }" "${frames}" "${out}"
timeout "$(left)" npx tsx src/cli/main.ts run "${out}/alexnet.json" --backend tensorflow --out "${out}/alexnet"
status=$?
# 124: time is up; the checkpoints say how far it came.
[ "${status}" = 124 ] && echo "time is up: give the same command again to go on from ${out}/alexnet.checkpoints"
[ "${status}" = 0 ] && npx tsx src/cli/main.ts explain gallery "${out}/alexnet" --frames "${frames}" --out "${out}/alexnet-gallery"
[ "${status}" = 124 ] || exit "${status}"
