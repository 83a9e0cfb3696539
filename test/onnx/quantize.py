"""Quantizes an ONNX model with ONNX Runtime's static quantizer, as its users do.

    quantize.py MODEL FOLDER

Writes FOLDER/NAME.onnx for every way below and prints the names as JSON.
"""

import contextlib
import json
import logging
import os
import sys

logging.disable(logging.WARNING)
import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class Frames(CalibrationDataReader):
    def __init__(self, name, shape):
        random = np.random.default_rng(1)
        self.frames = iter([{name: (random.random(shape) ** 3).astype(np.float32)} for _ in range(6)])

    def get_next(self):
        return next(self.frames, None)


WAYS = {
    "qdq-uint8": (QuantFormat.QDQ, QuantType.QUInt8, False, False),
    "qdq-int8-by-channel": (QuantFormat.QDQ, QuantType.QInt8, True, True),
    "qoperator-uint8": (QuantFormat.QOperator, QuantType.QUInt8, False, False),
    "qoperator-by-channel": (QuantFormat.QOperator, QuantType.QUInt8, True, False),
}

model, folder = sys.argv[1:]
ready = os.path.join(folder, "preprocessed.onnx")
with contextlib.redirect_stdout(sys.stderr):
    quant_pre_process(model, ready, skip_symbolic_shape=True)
    graph = onnx.load(ready).graph
    weights = {tensor.name for tensor in graph.initializer}
    image = next(value for value in graph.input if value.name not in weights)
    shape = [extent.dim_value or 1 for extent in image.type.tensor_type.shape.dim]
    for name, (form, activations, by_channel, symmetric) in WAYS.items():
        quantize_static(
            ready,
            os.path.join(folder, f"{name}.onnx"),
            Frames(image.name, shape),
            quant_format=form,
            activation_type=activations,
            weight_type=QuantType.QInt8,
            per_channel=by_channel,
            # Kernels without VNNI saturate sums of two products of eight bits.
            reduce_range=True,
            extra_options={"ActivationSymmetric": symmetric, "WeightSymmetric": True},
        )
json.dump(list(WAYS), sys.stdout)
