"""Times training steps of a network in PyTorch: forward, loss and gradient of a batch, as test/bench/pytorch.ts asks.

Standard input: {"inputs": {id: [channels, height, width]}, "nodes": [...], "output": id, "classes": n, "batch": n, "steps": n,
"threads": n}; standard output: {"version", "milliseconds": [a step each], "loss"}. Nodes are those of vetoc's float graph.
"""

import json
import sys
import time

import torch
from torch.nn import functional as F

request = json.load(sys.stdin)
torch.set_num_threads(request["threads"])
torch.manual_seed(1)


def parameter(values, shape):
    return torch.tensor(values, dtype=torch.float32).reshape(shape).requires_grad_()


def padded(x, node, value=0.0):
    top, left, bottom, right = node["padding"]
    return F.pad(x, (left, right, top, bottom), value=value) if any(node["padding"]) else x


def conv(node):
    weights = torch.tensor(node["weights"], dtype=torch.float32)
    rows, columns = node["kernel"]
    filters = len(node["bias"])
    # vetoc has [row, column, input channel, filter].
    kernel = weights.reshape(rows, columns, -1, filters).permute(3, 2, 0, 1).contiguous().requires_grad_()
    bias = parameter(node["bias"], [filters])
    return lambda x: F.conv2d(padded(x, node), kernel, bias, node["strides"], groups=node["groups"])


def batch_norm(node):
    channels = len(node["gamma"])
    gamma, beta = (parameter(node[name], [channels]) for name in ("gamma", "beta"))
    return lambda x: F.batch_norm(x, None, None, gamma, beta, training=True, eps=node["epsilon"])


def dense(node):
    units = len(node["bias"])
    weights = torch.tensor(node["weights"], dtype=torch.float32).reshape(-1, units).T.contiguous().requires_grad_()
    bias = parameter(node["bias"], [units])
    return lambda x: F.linear(x.flatten(1), weights, bias)[:, :, None, None]


MAKERS = {
    "conv2d": conv,
    "batchNorm": batch_norm,
    "dense": dense,
    "relu": lambda node: F.relu,
    "clip": lambda node: lambda x: torch.clamp(x, node["min"], node["max"]),
    "maxPool": lambda node: lambda x: F.max_pool2d(padded(x, node, -3e38), node["kernel"], node["strides"]),
    "avgPool": lambda node: lambda x: F.avg_pool2d(padded(x, node), node["kernel"], node["strides"]),
    "globalAvgPool": lambda node: lambda x: x.mean((2, 3), keepdim=True),
    "globalMaxPool": lambda node: lambda x: x.amax((2, 3), keepdim=True),
    "concat": lambda node: lambda *xs: torch.cat(xs, 1),
    "add": lambda node: lambda a, b: a + b,
    "flatten": lambda node: lambda x: x.flatten(1)[:, :, None, None],
}
layers = [(node["id"], node["inputs"], MAKERS[node["kind"]](node)) for node in request["nodes"]]
images = {name: torch.rand(request["batch"], *shape) for name, shape in request["inputs"].items()}
labels = torch.arange(request["batch"]) % request["classes"]

milliseconds = []
for _ in range(request["steps"]):
    start = time.perf_counter()
    values = dict(images)
    for name, inputs, layer in layers:
        values[name] = layer(*(values[i] for i in inputs))
    loss = F.cross_entropy(values[request["output"]].flatten(1), labels)
    loss.backward()
    milliseconds.append(1000 * (time.perf_counter() - start))
json.dump({"version": torch.__version__, "milliseconds": milliseconds, "loss": float(loss)}, sys.stdout)
