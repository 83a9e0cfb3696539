"""Makes the Keras files of this folder, small, with seeded weights, and `outputs.json` with what Keras computes.

    python -m venv k && k/bin/pip install keras==3.15.1 jax==0.10.2 h5py==3.16.0
    KERAS_BACKEND=jax k/bin/python make_keras_models.py

Test-only: the product needs no Python. Pixel k of frame f is (7919 k + 104729 f + k² mod 251) mod 256, the image a 256th of it.
"""

import json
from pathlib import Path

import keras
import numpy as np
from keras import layers as L
from keras import ops

here = Path(__file__).parent
SIDE = 9
rng = np.random.default_rng(3)
keras.utils.set_random_seed(11)


def image(height=SIDE, width=SIDE, *channels):
    return keras.Input((height, width, *(channels or (1,))))


def inside(body, classes=2):
    """A convolution, what `body` makes of it, the mean of every channel and logits."""
    given = image()
    x = body(L.Conv2D(4, 3, padding="same", name="first")(given))
    if len(x.shape) == 4:
        x = L.GlobalAveragePooling2D()(x)
    return keras.Model(given, L.Dense(classes)(x))


def behind(head):
    """What `head` makes of six features."""
    given = image()
    x = L.GlobalAveragePooling2D()(L.Conv2D(6, 3, activation="relu")(given))
    return keras.Model(given, head(x))


def gate(channels=4):
    given = keras.Input((channels,))
    hidden = L.Dense(2, activation="relu")(given)
    return keras.Model(given, L.Dense(channels, activation="sigmoid")(hidden), name="gate")


def gated(x):
    scales = gate()(L.GlobalAveragePooling2D()(x))
    return L.Multiply()([L.Reshape((1, 1, 4))(scales), x])


def block(name):
    given = image(SIDE, SIDE, 4)
    y = L.Conv2D(4, 3, padding="same", activation="relu")(given)
    return keras.Model(given, L.Add()([given, L.Conv2D(4, 1)(y)]), name=name)


def stage(channels, name):
    return keras.Sequential(
        [keras.Input((None, None, channels)), L.Conv2D(4, 3, padding="same"), L.BatchNormalization(), L.ReLU()],
        name=name,
    )


def stages():
    given = image()
    x = stage(4, "second")(stage(1, "first")(given))
    return keras.Model(given, L.Dense(1, activation="sigmoid")(L.GlobalMaxPooling2D()(x)))


def three_deep():
    inner = keras.Sequential([image(), L.Conv2D(4, 3), L.ReLU()], name="inner")
    given = image()
    middle = keras.Model(given, L.MaxPooling2D()(inner(given)), name="middle")
    given = image()
    return keras.Model(given, L.Dense(2, activation="softmax")(L.Flatten()(middle(given))))


def reused(x):
    relu = L.ReLU(max_value=0.25)
    return relu(L.Conv2D(4, 3)(relu(x)))


def twice(x):
    b = block("block")
    return b(b(x))


def lowered():
    model = keras.Sequential([image(), L.Flatten(), L.Dense(8, activation="relu"), L.Dense(2)])
    model.layers[1].enable_lora(2)
    return model


def quantized():
    model = keras.Sequential([image(), L.Flatten(), L.Dense(8, activation="relu"), L.Dense(2)])
    model.quantize("int8")
    return model


TAKEN = {
    "names.keras": lambda: inside(lambda x: L.Activation("relu", name="Ψ relu (1)")(L.BatchNormalization(name="conv 1 bn")(x))),
    "names-alike.h5": lambda: inside(lambda x: L.ReLU(name="a-b")(L.Conv2D(4, 1, name="a_b")(L.ReLU(name="a.b")(x)))),
    "leaky-by-name.h5": lambda: inside(lambda x: L.Conv2D(4, 3, activation="leaky_relu")(x)),
    "leaky-layer.keras": lambda: inside(lambda x: L.LeakyReLU(negative_slope=0.05)(x)),
    "hard-sigmoid.keras": lambda: inside(lambda x: L.Activation("hard_sigmoid")(x)),
    "identity.keras": lambda: inside(lambda x: L.Identity()(L.ActivityRegularization(0.1)(L.RandomFlip()(x)))),
    "upsampled-by-one.keras": lambda: inside(lambda x: L.UpSampling2D((1, 2))(L.UpSampling2D(1)(x))),
    "gate-of-its-own.keras": lambda: inside(gated),
    "gate-of-its-own.h5": lambda: inside(gated),
    "blocks.keras": lambda: inside(lambda x: block("b")(block("a")(x))),
    "stages.h5": stages,
    "three-deep.h5": three_deep,
    "reused.keras": lambda: inside(reused),
    "reshaped.keras": lambda: inside(lambda x: L.Dense(6, activation="tanh")(L.Reshape((-1,))(x))),
    "operators.keras": lambda: inside(lambda x: (x + L.Conv2D(4, 1)(x)) * L.Reshape((1, 1, 4))(L.GlobalMaxPooling2D()(x))),
    "sigmoid-flattened.keras": lambda: behind(lambda x: L.Flatten()(L.Dense(1, activation="sigmoid")(x))),
    "softmax-and-linear.keras": lambda: behind(lambda x: L.Activation("linear")(L.Dense(3, activation="softmax")(x))),
    "convolved-sigmoid.h5": lambda: behind_convolution(),
    "image-without-channels.h5": lambda: keras.Sequential([keras.Input((SIDE, SIDE)), L.Flatten(), L.Dense(8, activation="relu"), L.Dense(2)]),
    "image-without-channels-reshaped.keras": lambda: keras.Sequential(
        [keras.Input((SIDE, SIDE)), L.Rescaling(3.0), L.Reshape((SIDE, SIDE, 1)), L.Conv2D(3, 3), L.GlobalMaxPooling2D(), L.Dense(2)]
    ),
    "features.keras": lambda: keras.Sequential(
        [keras.Input((SIDE * SIDE,)), L.BatchNormalization(), L.Dense(8, activation="elu"), L.Dropout(0.3), L.Dense(1)]
    ),
    "features.h5": lambda: keras.Sequential([keras.Input((SIDE * SIDE,)), L.Dense(8, activation="gelu"), L.Dense(3, activation="softmax")]),
    "features-as-image.h5": lambda: keras.Sequential(
        [keras.Input((SIDE * SIDE,)), L.Reshape((SIDE, SIDE, 1)), L.Conv2D(3, 3, activation="relu"), L.GlobalMaxPooling2D(), L.Dense(2)]
    ),
    "low-rank.keras": lowered,
}

REFUSED = {
    "constant-factor.keras": lambda: inside(lambda x: x * 0.5),
    "function.h5": lambda: inside(lambda x: ops.relu(x)),
    "quantized.keras": quantized,
    "group-normalization.keras": lambda: inside(lambda x: L.GroupNormalization(2)(x)),
    "vector-added-to-image.keras": lambda: inside(lambda x: L.Add()([x, L.Reshape((1, 1, 4))(L.GlobalMaxPooling2D()(x))])),
    "block-twice.keras": lambda: inside(twice),
    "rows-into-dense.keras": lambda: keras.Sequential([keras.Input((SIDE, SIDE)), L.Dense(4), L.Flatten(), L.Dense(2)]),
    "rows-normalised.h5": lambda: keras.Sequential([keras.Input((SIDE, SIDE)), L.BatchNormalization(), L.Flatten(), L.Dense(2)]),
    "layer-as-activation.keras": lambda: inside(lambda x: L.Conv2D(4, 3, activation=L.LeakyReLU(negative_slope=0.4))(x)),
    "low-rank.h5": lowered,
}


def behind_convolution():
    given = image()
    x = L.Conv2D(4, 3, strides=2, activation="relu")(given)
    return keras.Model(given, L.Flatten()(L.Conv2D(1, 4, activation="sigmoid")(x)))


def randomised(model):
    """Statistics and biases as after a training."""
    for weight in model.weights:
        values = np.array(weight)
        if values.dtype != np.float32:
            continue
        if "variance" in weight.path:
            weight.assign(0.3 + rng.random(values.shape).astype("f"))
        elif any(part in weight.path for part in ("gamma", "beta", "mean", "bias", "lora")):
            weight.assign(rng.random(values.shape).astype("f") - 0.3)
    return model


def main():
    k = np.arange(SIDE * SIDE, dtype=np.int64)
    pixels = np.stack([(k * 7919 + f * 104729 + (k * k) % 251) % 256 for f in range(3)])
    outputs = {}
    for name, make in TAKEN.items():
        model = randomised(make())
        model.save(here / name)
        given = (pixels.astype("f") / 256).reshape(3, *model.inputs[0].shape[1:])
        outputs[name] = np.array(model(given, training=False)).reshape(3, -1).tolist()
    for name, make in REFUSED.items():
        randomised(make()).save(here / name)
    (here / "outputs.json").write_text(json.dumps(outputs, indent=1) + "\n")


main()
