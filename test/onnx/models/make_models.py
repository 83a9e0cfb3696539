"""Makes the model files of this folder: networks as PyTorch and Keras export them, small, with seeded weights.

    python -m venv t && t/bin/pip install torch==2.15.0 torchvision==0.29.2 onnx onnxscript
    t/bin/python make_models.py torch
    python -m venv k && k/bin/pip install tensorflow-cpu==2.21.0 tf2onnx==1.17.0
    k/bin/python make_models.py keras

Test-only: the product needs no Python. `resnet18.onnx` is torchvision's ResNet-18 with a sixteenth of its channels.
With a second argument the full-size torchvision network is written there, for a check by hand.
"""

import sys
from pathlib import Path

here = Path(__file__).parent


def torch_models(full):
    import torch
    from torch import nn
    from torchvision.models import resnet18
    from torchvision.models.resnet import BasicBlock

    class Cnn(nn.Module):
        """Every kind of layer, and a flatten of an image, whose order differs between the layouts."""

        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(
                nn.Conv2d(1, 6, 5, stride=2, padding=2, bias=False),
                nn.BatchNorm2d(6),
                nn.ReLU6(),
                nn.ZeroPad2d((0, 1, 0, 1)),
                nn.Conv2d(6, 6, 3, groups=6),
                nn.LeakyReLU(0.125),
                nn.Conv2d(6, 8, 3, padding=1, groups=2),
                nn.ReLU(),
                nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True),
            )
            self.left = nn.Conv2d(8, 4, 1)
            self.right = nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), nn.Conv2d(8, 4, 1))
            self.drop = nn.Dropout(0.5)
            self.head = nn.Linear(2 * 4 * 8 * 8, 5)
            self.last = nn.Linear(5, 3)

        def forward(self, x):
            x = self.features((x - 0.25) / 0.5)
            x = torch.cat([self.left(x), self.right(x)], 1)
            x = torch.flatten(x, 1)
            x = torch.relu(self.head(self.drop(x)))
            return torch.softmax(self.last(x), 1)

    class Narrow(nn.Module):
        """torchvision's ResNet-18 with `width` channels instead of 64, for one grey channel."""

        def __init__(self, width=4, classes=2):
            super().__init__()
            self.conv1 = nn.Conv2d(1, width, 7, stride=2, padding=3, bias=False)
            self.bn1 = nn.BatchNorm2d(width)
            self.relu = nn.ReLU(inplace=True)
            self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
            planes = width
            for stage in range(4):
                out, stride = width * 2**stage, 1 if stage == 0 else 2
                down = None
                if stride != 1:
                    down = nn.Sequential(nn.Conv2d(planes, out, 1, stride, bias=False), nn.BatchNorm2d(out))
                blocks = [BasicBlock(planes, out, stride, down), BasicBlock(out, out)]
                setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
                planes = out
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(planes, classes)

        def forward(self, x):
            x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(torch.flatten(self.avgpool(x), 1))

    def settled(model, side):
        """Running statistics as after training: those of random images."""
        torch.manual_seed(2)
        model.train()
        with torch.no_grad():
            for _ in range(4):
                model(torch.rand(8, 1, side, side))
        return model.eval()

    def export(model, name, side, **options):
        torch.onnx.export(model, (torch.rand(2, 1, side, side),), str(name), input_names=["image"], **options)

    torch.manual_seed(1)
    cnn = settled(Cnn(), 32)
    legacy = {"dynamo": False, "dynamic_axes": {"image": {0: "batch"}}}
    export(cnn, here / "cnn-opset9.onnx", 32, opset_version=9, **legacy)
    export(
        cnn,
        here / "cnn-unfolded.onnx",
        32,
        opset_version=13,
        do_constant_folding=False,
        training=torch.onnx.TrainingMode.PRESERVE,
        keep_initializers_as_inputs=True,
        **legacy,
    )
    batch = {"dynamic_shapes": ({0: torch.export.Dim("batch")},), "dynamo": True}
    export(cnn, here / "cnn-dynamo.onnx", 32, opset_version=20, external_data=False, **batch)
    narrow = settled(Narrow(), 64)
    export(narrow, here / "resnet18.onnx", 64, opset_version=17, **legacy)
    if full:
        model = resnet18(num_classes=5)
        model.conv1 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
        export(settled(model, 128), full, 128, opset_version=18, **batch)


def keras_models():
    import keras
    import numpy as np
    import tensorflow as tf
    import tf2onnx
    from keras import layers

    keras.utils.set_random_seed(1)
    image = keras.Input((32, 32, 1), name="image")
    x = layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(max_value=6)(x)
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = layers.LeakyReLU(negative_slope=0.125)(x)
    y = layers.Conv2D(6, 1, activation="relu")(x)
    x = layers.Add()([x, y])
    x = layers.MaxPooling2D(2)(x)
    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(x)
    x = layers.Conv2D(8, 3, strides=2, activation="relu")(x)
    x = layers.Concatenate()([layers.Flatten()(x), layers.GlobalAveragePooling2D()(x)])
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(7, activation="relu")(x)
    x = layers.Dense(2, activation="softmax")(x)
    model = keras.Model(image, x, name="keras_cnn")
    rng = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
        elif layer.get_weights():
            layer.set_weights([w + rng.normal(0, 0.1, w.shape) for w in layer.get_weights()])
    model.save(here / "keras.h5")
    signature = [tf.TensorSpec((None, 32, 32, 1), tf.float32, name="image")]
    function = tf.function(lambda v: model(v, training=False), input_signature=signature)
    tf2onnx.convert.from_function(function, signature, opset=15, output_path=str(here / "keras.onnx"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["keras"]:
        keras_models()
    else:
        torch_models(sys.argv[2] if len(sys.argv) > 2 else None)
