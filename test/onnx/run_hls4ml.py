"""Reads QONNX files with hls4ml, compiles what it makes of them and prints the integers that it computes.

    run_hls4ml.py FOLDER < REQUEST > ANSWER

REQUEST is a list of {"model": path, "lsb": value of one least significant bit of the logits, "frames": [{name: {"shape",
"data"}}]}; ANSWER has for each a list of logits a frame, or {"error": text}. FOLDER takes hls4ml's projects.
"""

import contextlib
import json
import os
import sys

with contextlib.redirect_stdout(sys.stderr):
    import hls4ml
    import numpy as np
    from qonnx.core.modelwrapper import ModelWrapper


def compile_quickly(project, folder):
    """Compiles without optimisation: the integers are the same, and a compiler takes a fraction of the time."""
    project.write()
    script = os.path.join(folder, "build_lib.sh")
    with open(script, encoding="utf-8") as file:
        text = file.read()
    if "-O3" not in text:
        raise RuntimeError("hls4ml's build_lib.sh no longer says -O3: look at what it says now")
    with open(script, "w", encoding="utf-8") as file:
        file.write(text.replace("-O3", "-O0"))
    project._compile()


def logits(request, folder):
    model = ModelWrapper(request["model"])
    config = hls4ml.utils.config_from_onnx_model(
        model, granularity="name", backend="Vitis", default_precision="fixed<40,20>"
    )
    project = hls4ml.converters.convert_from_onnx_model(
        model, output_dir=folder, io_type="io_stream", backend="Vitis", hls_config=config
    )
    compile_quickly(project, folder)
    rows = []
    for frame in request["frames"]:
        values = [np.array(x["data"], dtype=np.float32).reshape(x["shape"]) for x in frame.values()]
        given = project.predict(values[0] if len(values) == 1 else values)
        rows.append([float(v) for v in np.array(given).reshape(-1) / request["lsb"]])
    return rows


answers = []
for number, request in enumerate(json.load(sys.stdin)):
    with contextlib.redirect_stdout(sys.stderr):
        try:
            answers.append(logits(request, os.path.join(sys.argv[1], f"network{number}")))
        except Exception as problem:  # The test says which network it was.
            answers.append({"error": f"{type(problem).__name__}: {problem}"})
json.dump(answers, sys.stdout)
