"""Recipes that make the model files from the files of their packages. Only these need numpy and onnx."""

import base64
import json
import shutil

import efficientnet_to_onnx
import onnx
import tfjs_to_onnx


def copy(sources, target, _options):
    """Copies the file unchanged."""
    shutil.copyfile(sources[0], target)


def tfjs(sources, target, options):
    """Converts a TensorFlow.js graph: model.json, then its weight shards."""
    with open(sources[0], encoding="utf-8") as file:
        model = json.load(file)
    blob = b"".join(source.read_bytes() for source in sources[1:])
    _convert_tfjs(model, blob, target, options)


def tfjs_in_javascript(sources, target, options):
    """Converts a TensorFlow.js graph in JavaScript modules; the shards are base64."""
    model, *shards = [tfjs_to_onnx.object_in_javascript(source.read_text("utf-8")) for source in sources]
    _convert_tfjs(model, b"".join(base64.b64decode(shard) for shard in shards), target, options)


def efficientnet(sources, target, _options):
    """Converts PyTorch's weights of EfficientNet-Lite0."""
    _save(efficientnet_to_onnx.convert(sources[0]), target)


def free_size(sources, target, options):
    """Makes height and width of an ONNX model's input variable, with a batch size of 1.

    Removes weights from the inputs, where they prevent constant folding in ONNX Runtime, and removes unused weights.
    """
    model = onnx.load(sources[0])
    weights = {weight.name for weight in model.graph.initializer}
    for value in [value for value in model.graph.input if value.name in weights]:
        model.graph.input.remove(value)
    used = {name for node in model.graph.node for name in node.input}
    for weight in [weight for weight in model.graph.initializer if weight.name not in used]:
        model.graph.initializer.remove(weight)
    del model.graph.value_info[:]
    for value, names in ((model.graph.input[0], ("height", "width")), *((output, (None, None)) for output in model.graph.output)):
        dims = value.type.tensor_type.shape.dim
        dims[0].dim_value = 1
        for dim, name in zip(dims[2:], names, strict=True):
            dim.Clear()
            if name:
                dim.dim_param = name
    _save(model, target)


def _convert_tfjs(model, blob, target, options):
    weights = tfjs_to_onnx.read_weights(model["weightsManifest"], [blob])
    _save(tfjs_to_onnx.convert(model["modelTopology"], weights, target.stem, **options), target)


def _save(model, target):
    target.write_bytes(model.SerializeToString(deterministic=True))


RECIPES = {recipe.__name__: recipe for recipe in (copy, tfjs, tfjs_in_javascript, efficientnet, free_size)}
