"""Maps of pytorch-grad-cam on a small network: the truth of test/explain/reference.test.ts.

Run in a throwaway environment, from this folder; it prints what goes into maps.json:
    python3 -m venv venv && venv/bin/pip install torch grad-cam
    venv/bin/python make_reference.py > maps.json
Written with torch 1.12.1 and grad-cam 1.5.7. Weights and frames stand in the file, so that nothing but the
arithmetic of the maps is compared. Arrays are [kh, kw, cin, cout] and [height, width], row-major, as in vetoc.
"""
import json
import sys
from importlib.metadata import version

import cv2
import numpy as np
import torch
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus, GuidedBackpropReLUModel, HiResCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

HEIGHT, WIDTH, CLASSES = 20, 16, 3
METHODS = {"grad-cam": GradCAM, "hi-res-cam": HiResCAM, "grad-cam-plus-plus": GradCAMPlusPlus}
random = np.random.default_rng(9)


class Network(torch.nn.Module):
    """conv 3x3 → relu → max pool 2 → conv 3x3 → relu → dense on all pixels, channels last."""

    def __init__(self, weights):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 4, 3, padding=1)
        self.relu1 = torch.nn.ReLU()
        self.pool1 = torch.nn.MaxPool2d(2)
        self.conv2 = torch.nn.Conv2d(4, 6, 3, padding=1)
        self.relu2 = torch.nn.ReLU()
        self.dense = torch.nn.Linear(6 * (HEIGHT // 2) * (WIDTH // 2), CLASSES)
        with torch.no_grad():
            for layer in (self.conv1, self.conv2):
                layer.weight.copy_(torch.tensor(weights[layer_name(self, layer)]["weights"]).permute(3, 2, 0, 1))
                layer.bias.copy_(torch.tensor(weights[layer_name(self, layer)]["bias"]))
            self.dense.weight.copy_(torch.tensor(weights["dense"]["weights"]).T)
            self.dense.bias.copy_(torch.tensor(weights["dense"]["bias"]))

    def forward(self, x):
        y = self.pool1(self.relu1(self.conv1(x)))
        y = self.relu2(self.conv2(y))
        return self.dense(y.permute(0, 2, 3, 1).flatten(1))


def layer_name(network, layer):
    return next(name for name, child in network.named_children() if child is layer)


def draw(*shape):
    return (random.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))).astype(np.float32)


def raw_map(method, network, layer, x, target):
    """The map before it is stretched to [0, 1] and to the size of the frame."""
    with METHODS[method](network, [layer]) as cam:
        cam(x, targets=[ClassifierOutputTarget(target)])
        activations = cam.activations_and_grads.activations[0].numpy()
        gradients = cam.activations_and_grads.gradients[0].numpy()
        values = cam.get_cam_image(x, layer, [target], activations, gradients, False)
        return np.maximum(values, 0)[0]


def listed(array):
    return [float(f"{v:.9g}") for v in np.asarray(array, dtype=np.float32).flatten()]


weights = {
    "conv1": {"weights": draw(3, 3, 1, 4) / 8, "bias": draw(4)},
    "conv2": {"weights": draw(3, 3, 4, 6), "bias": draw(6)},
    "dense": {"weights": draw(6 * (HEIGHT // 2) * (WIDTH // 2), CLASSES), "bias": draw(CLASSES)},
}
network = Network(weights).eval()
cases = []
for index in range(2):
    frame = random.poisson(4, (HEIGHT, WIDTH))
    frame[5 + 6 * index, 4 + 5 * index] = 60
    x = torch.tensor(frame, dtype=torch.float32)[None, None]
    for target in range(CLASSES):
        maps = {}
        for method in METHODS:
            maps[method] = {name: listed(raw_map(method, network, getattr(network, name), x, target)) for name in ("relu1", "relu2")}
        guided = GuidedBackpropReLUModel(network, torch.device("cpu"))(x.clone(), target_category=target)[:, :, 0]
        network = Network(weights).eval()  # the guided model leaves one ReLU in both places of the one it was given
        cam = raw_map("grad-cam", network, network.relu2, x, target)
        maps["guided-grad-cam"] = {"relu2": listed(np.maximum(guided, 0) * cv2.resize(cam, (WIDTH, HEIGHT)))}
        cases.append({"frame": frame.flatten().tolist(), "target": target, "logit": float(network(x)[0, target]), "maps": maps})

made_with = {name: version(name) for name in ("torch", "grad-cam", "numpy")}
listed_weights = {layer: {field: listed(array) for field, array in one.items()} for layer, one in weights.items()}
json.dump({"made_with": made_with, "height": HEIGHT, "width": WIDTH, "weights": listed_weights, "cases": cases}, sys.stdout)
