"""Converts ONNX models to every opset from their own to 21 with the official version converter.

    opsets.py OUT MODEL…        writes OUT/<model>-<opset>.onnx, checked; prints the names as JSON
"""

import json
import sys
from pathlib import Path

import onnx
import onnx.checker
from onnx import version_converter

out, *files = map(Path, sys.argv[1:])
names = []
for file in files:
    model = onnx.load(file)
    (own,) = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    for opset in range(own, 22):
        converted = version_converter.convert_version(model, opset)
        onnx.checker.check_model(converted, full_check=True)
        names.append(f"{file.stem}-{opset}.onnx")
        onnx.save(converted, out / names[-1])
json.dump(names, sys.stdout)
