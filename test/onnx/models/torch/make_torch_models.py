"""Makes the files of this folder: small networks as PyTorch and Brevitas export them, and what they compute.

    python3.10 -m venv t
    t/bin/pip install --no-deps torch==1.12.1 typing_extensions 'numpy<2' onnx==1.14.1 'protobuf<5' \\
        brevitas==0.10.3 onnxoptimizer==0.3.13 dependencies==2.0.1 future-annotations 'setuptools<70' packaging
    t/bin/python make_torch_models.py

Test-only: the product needs no Python. torch 1.12.1 is the newest that imports without a package of CUDA's libraries. `outputs.json`
has for each file the outputs of PyTorch or Brevitas (not of ONNX) for the images of `images(side)`: codes k of 256, as a table
of 8 bits gives them, by a rule that the test repeats.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

here = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
SIDE = 16
FRAMES = 4


def images():
    """Frame k has at pixel i the code (i * (13 + 6k) + 41k + (i >> 3) * 7) mod 256, and the fraction code / 256."""
    i = np.arange(SIDE * SIDE)
    rows = [(i * (13 + 6 * k) + 41 * k + (i >> 3) * 7) % 256 for k in range(FRAMES)]
    return torch.tensor(np.array(rows) / 256, dtype=torch.float32).reshape(FRAMES, 1, SIDE, SIDE)


class Gate(nn.Module):
    """Squeeze and excite."""

    def __init__(self, channels):
        super().__init__()
        self.narrow = nn.Conv2d(channels, 2, 1)
        self.wide = nn.Conv2d(2, channels, 1)

    def forward(self, x):
        gate = F.adaptive_avg_pool2d(x, 1)
        return x * F.hardsigmoid(self.wide(F.relu(self.narrow(gate))))


class DenseGate(nn.Module):
    """The same with dense layers and a view, as many copies of it are written."""

    def __init__(self, channels):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(channels, 2), nn.ReLU(), nn.Linear(2, channels), nn.Sigmoid())

    def forward(self, x):
        b, c, _, _ = x.size()
        y = F.adaptive_avg_pool2d(x, 1).view(b, c)
        return x * self.fc(y).view(b, c, 1, 1).expand_as(x)


class ExpandedGate(DenseGate):
    """The same with the extents spelt out."""

    def forward(self, x):
        b, c, h, w = x.size()
        y = x.mean((2, 3))
        return self.fc(y).view(b, c, 1, 1).expand(b, c, h, w) * x


class Shuffle(nn.Module):
    """ShuffleNet's."""

    def forward(self, x):
        b, c, h, w = x.size()
        return x.view(b, 2, c // 2, h, w).transpose(1, 2).contiguous().view(b, c, h, w)


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return F.relu(x + self.layers(x))


class Chunks(nn.Module):
    """One half goes by, as in ShuffleNet V2."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        a, b = x.chunk(2, dim=1)
        return torch.cat((a, self.layer(b)), dim=1)


class Rows(nn.Module):
    """Conv1D over the columns of the summed rows."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(1, 4, 5, padding=2), nn.BatchNorm1d(4), nn.ReLU(), nn.MaxPool1d(2), nn.Conv1d(4, 3, 3), nn.ReLU()
        )
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(self.layers(x.mean(2)).mean(-1))


class Squeezed(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers

    def forward(self, x):
        return self.layers(x).squeeze(1)


class Scaled(nn.Module):
    """Normalisation in the model, as it is deployed."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.21]).view(1, 1, 1, 1))
        self.register_buffer("std", torch.tensor([0.37]).view(1, 1, 1, 1))
        self.layers = nn.Sequential(stem(), head(4))

    def forward(self, x):
        return self.layers((x - self.mean) / self.std)


def stem():
    return nn.Sequential(nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU())


def head(channels, classes=2):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes))


def networks():
    same = dict(padding=1)
    yield "plain", nn.Sequential(stem(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 3), nn.ReLU(), head(6)), {}
    yield "one-logit", nn.Sequential(stem(), nn.Flatten(), nn.Dropout(), nn.Linear(4 * SIDE * SIDE, 1)), {}
    yield "one-logit-squeezed", Squeezed(nn.Sequential(stem(), head(4, 1))), {}
    yield "one-logit-sigmoid", nn.Sequential(stem(), head(4, 1), nn.Sigmoid()), {}
    yield "prelu", nn.Sequential(nn.Conv2d(1, 4, 3), nn.PReLU(4), nn.Conv2d(4, 4, 3), nn.PReLU(), head(4)), {}
    yield "hard-swish", nn.Sequential(nn.Conv2d(1, 4, 3, 2), nn.Hardswish(), head(4)), {"opset": 14}
    yield "hard-swish-opset-11", nn.Sequential(nn.Conv2d(1, 4, 3, 2), nn.Hardswish(), head(4)), {"opset": 11}
    yield "smooth", nn.Sequential(stem(), nn.Conv2d(4, 4, 3), nn.SiLU(), nn.Conv2d(4, 4, 3), nn.GELU(), nn.Conv2d(4, 4, 1), nn.ELU(), head(4)), {}
    yield "gate", nn.Sequential(stem(), Gate(4), nn.Conv2d(4, 4, 3), nn.ReLU(), DenseGate(4), head(4)), {}
    yield "gate-expanded", nn.Sequential(stem(), ExpandedGate(4), head(4)), {}
    yield "upsample", nn.Sequential(stem(), nn.MaxPool2d(2), nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 3), nn.ReLU(), head(4)), {}
    yield "upsample-to-size", nn.Sequential(stem(), nn.MaxPool2d(4), nn.Upsample(size=(12, 8)), nn.Conv2d(4, 4, 3), nn.ReLU(), head(4)), {}
    yield "downsample", nn.Sequential(stem(), nn.Upsample(scale_factor=0.5), nn.Conv2d(4, 4, 3), nn.ReLU(), head(4)), {}
    yield "upsample-opset-9", nn.Sequential(stem(), nn.MaxPool2d(2), nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 3), head(4)), {"opset": 9}
    yield "shuffle", nn.Sequential(stem(), nn.Conv2d(4, 8, 3, groups=2), Shuffle(), nn.Conv2d(8, 8, 3, groups=8), nn.ReLU(), Chunks(nn.Conv2d(4, 4, 1)), Shuffle(), head(8)), {}
    yield "pixel-unshuffle", nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4, 4, 3), nn.ReLU6(), head(4)), {}
    yield "conv1d", Rows(), {}
    yield "averages", nn.Sequential(
        stem(), nn.AvgPool2d(3, 2, padding=1, count_include_pad=False), nn.Conv2d(4, 4, 1), nn.AvgPool2d(3, 2, ceil_mode=True), head(4)
    ), {}
    yield "counted-average", nn.Sequential(stem(), nn.AvgPool2d(3, 2, padding=1), nn.MaxPool2d(3, 2, ceil_mode=True), head(4)), {}
    yield "dilated-residual", nn.Sequential(
        stem(), Residual(nn.Conv2d(4, 4, 3, padding=2, dilation=2, bias=False), nn.BatchNorm2d(4)), nn.LeakyReLU(0.1), head(4, 3), nn.Softmax(1)
    ), {}
    yield "normalised", Scaled(), {}
    yield "mlp", nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2), nn.LogSoftmax(1)), {}
    yield "unfolded", nn.Sequential(stem(), nn.Conv2d(4, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Hardtanh(-0.5, 0.75), head(4)), {"do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE}


def settled(model, seed):
    """Seeded weights; running statistics as after training on the images."""
    torch.manual_seed(seed)
    for p in model.parameters():
        with torch.no_grad():
            p.uniform_(-0.7, 0.7)
    for m in model.modules():
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            m.momentum = None
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(images())
    return model.eval()


def export(model, path, opset=13, **options):
    torch.onnx.export(
        model, (images()[:1],), str(path), input_names=["image"], output_names=["score"],
        dynamic_axes={"image": {0: "batch"}, "score": {0: "batch"}}, opset_version=opset, **options,
    )


def rows(model):
    with torch.no_grad():
        y = model(images())
    y = getattr(y, "value", y)
    return [[float(v) for v in row] for row in y.reshape(FRAMES, -1)]


def quantized_by_torch(answers):
    """Quantization-aware training of torch.ao with scales of powers of two, and as its observers have them."""
    from torch.ao import quantization as q

    class Po2(q.MinMaxObserver):
        """A scale that is a power of two."""

        def calculate_qparams(self):
            scale, zero = super().calculate_qparams()
            if self.qscheme in (torch.per_tensor_symmetric, torch.per_channel_symmetric):
                return 2.0 ** torch.ceil(torch.log2(scale)), zero
            return 2.0 ** torch.ceil(torch.log2(scale)), torch.zeros_like(zero)

    for name, observer in (("qat", q.MinMaxObserver), ("qat-powers-of-two", Po2)):
        model = nn.Sequential(
            q.QuantStub(), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3, groups=4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(4 * 36, 2), q.DeQuantStub(),
        )
        torch.manual_seed(5)
        fake = q.FakeQuantize
        model.qconfig = q.QConfig(
            activation=fake.with_args(observer=observer, quant_min=0, quant_max=255, dtype=torch.quint8, qscheme=torch.per_tensor_affine),
            weight=fake.with_args(observer=observer, quant_min=-128, quant_max=127, dtype=torch.qint8, qscheme=torch.per_tensor_symmetric),
        )
        with torch.no_grad():
            for p in model.parameters():
                p.uniform_(-0.7, 0.7)
        q.prepare_qat(model.train(), inplace=True)
        with torch.no_grad():
            for _ in range(3):
                model(images())
        model.eval().apply(q.disable_observer)
        answers[name] = rows(model)
        export(model, here / f"{name}.onnx")


def quantized_by_brevitas(answers):
    import brevitas.nn as qnn
    from brevitas.core.restrict_val import RestrictValueType
    from brevitas.export import export_qonnx
    from brevitas.inject.enum import ScalingImplType
    from brevitas.quant import Int8ActPerTensorFloat, Int8WeightPerChannelFloat, Int8WeightPerTensorFloat, Int16Bias, Uint8ActPerTensorFloat
    from brevitas.quant.fixed_point import (
        Int8ActPerTensorFixedPoint, Int8WeightPerTensorFixedPoint, Uint8ActPerTensorFixedPoint,
    )

    def network(weights, signed, unsigned, bits):
        return nn.Sequential(
            qnn.QuantIdentity(act_quant=unsigned, bit_width=8, return_quant_tensor=True),
            qnn.QuantConv2d(1, 4, 3, weight_quant=weights, weight_bit_width=bits, bias=True),
            qnn.QuantReLU(act_quant=unsigned, bit_width=bits, return_quant_tensor=True),
            qnn.QuantConv2d(4, 4, 3, padding=1, groups=2, weight_quant=weights, weight_bit_width=bits, bias=False),
            qnn.QuantIdentity(act_quant=signed, bit_width=bits, return_quant_tensor=True),
            nn.MaxPool2d(2),
            qnn.QuantConv2d(4, 4, 1, weight_quant=weights, weight_bit_width=bits, bias=False),
            qnn.QuantReLU(act_quant=unsigned, bit_width=bits),
            nn.Flatten(),
            qnn.QuantLinear(4 * 49, 2, weight_quant=weights, weight_bit_width=bits, bias=False),
        )

    fixed = (Int8WeightPerTensorFixedPoint, Int8ActPerTensorFixedPoint, Uint8ActPerTensorFixedPoint)
    floats = (Int8WeightPerChannelFloat, Int8ActPerTensorFloat, Uint8ActPerTensorFloat)
    for name, quantizers, bits in (
        ("brevitas-fixed-8", fixed, 8), ("brevitas-fixed-4", fixed, 4), ("brevitas-fixed-3", fixed, 3), ("brevitas-float-8", floats, 8),
    ):
        torch.manual_seed(7)
        model = network(*quantizers, bits)
        with torch.no_grad():
            for p in model.parameters():
                if p.dim() > 1:
                    p.uniform_(-0.7, 0.7)
                elif p.numel() == 4 and name.startswith("brevitas-fixed"):
                    p.copy_(torch.tensor([0.25, -0.125, 0.5, 0.0625]))
            model.train()
            for _ in range(40):
                model(images())
        model.eval()
        answers[name] = rows(model)
        export_qonnx(model, images()[:1], str(here / f"{name}.onnx"))


answers = {}
for number, (name, model, options) in enumerate(networks()):
    try:
        model = settled(model, number)
        answers[name] = rows(model)
        export(model, here / f"{name}.onnx", **options)
    except Exception as e:
        print(name, type(e).__name__, str(e)[:300])
quantized_by_torch(answers)
quantized_by_brevitas(answers)
(here / "outputs.json").write_text(json.dumps(answers, indent=1) + "\n")
