"""Evaluates a QONNX channels-last model with the official reference evaluator.

The custom operators are written here from their documentation (github.com/fastmachinelearning/qonnx,
docs/qonnx-custom-ops): Quant by its formula, Conv by ONNX's own on transposed images, MaxPool as it reads.
Reads {"model": path, "inputs": {name: {"shape", "data"}}} on stdin and writes {"output", "inputs"} on stdout.
"""

import json
import sys

import numpy as np
import onnx
import onnx.checker
from numpy.lib.stride_tricks import sliding_window_view
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from onnx.reference.ops.op_conv import Conv as PlainConv

ROUNDINGS = {"ROUND": np.round, "FLOOR": np.floor, "DOWN": np.trunc}


class Quant(OpRun):
    op_domain = "qonnx.custom_op.general"

    def _run(self, x, scale, zero, bits, signed=1, narrow=0, rounding_mode="ROUND"):
        least = -(2.0 ** (bits - 1)) + narrow if signed else 0.0
        most = 2.0 ** (bits - 1) - 1 if signed else 2.0**bits - 1 - narrow
        levels = ROUNDINGS[rounding_mode](x / scale + zero)
        return (((np.clip(levels, least, most) - zero) * scale).astype(np.float32),)


class Conv(PlainConv):
    op_domain = "qonnx.custom_op.channels_last"

    def _run(self, x, w, **attributes):
        images, weights = x.transpose(0, 3, 1, 2), w.transpose(0, 3, 1, 2)
        (y,) = super()._run(images, weights, **{**attributes, "auto_pad": "NOTSET"})
        return (y.transpose(0, 2, 3, 1),)


class MaxPool(OpRun):
    op_domain = "qonnx.custom_op.channels_last"

    # Not onnx's own: its reference evaluator gives another size where the padding has two unequal sides.
    def _run(self, x, kernel_shape, pads, strides, **_):
        top, left, bottom, right = pads
        padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=-np.inf)
        windows = sliding_window_view(padded, kernel_shape, axis=(1, 2))
        return (windows[:, :: strides[0], :: strides[1]].max(axis=(-2, -1)),)


job = json.load(sys.stdin)
model = onnx.load(job["model"])
onnx.checker.check_model(model)
evaluator = ReferenceEvaluator(model, new_ops=[Quant, Conv, MaxPool])
inputs = {k: np.array(v["data"], dtype=np.float32).reshape(v["shape"]) for k, v in job["inputs"].items()}
(output,) = evaluator.run(None, inputs)
json.dump({"output": output.ravel().tolist(), "inputs": list(evaluator.input_names)}, sys.stdout)
