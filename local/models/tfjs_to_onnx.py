"""Converts a TensorFlow.js graph model to ONNX (opset 17, batch of one).

Only the operators of the four graphs that sightline uses are supported; any other is an error with its name.
Input images are NCHW, and 4-D tensors stay NCHW: an operator that needs TensorFlow's order (Reshape, Squeeze …) gets a Transpose before it.
The output is byte-identical on every machine: nodes are in graph order, and nothing depends on time or machine.
"""

import base64
import json
import re
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
NHWC_TO_NCHW = (0, 3, 1, 2)
NCHW_TO_NHWC = (0, 2, 3, 1)


@dataclass(frozen=True)
class Tensor:
    """A computed value: its ONNX name, and whether its four dimensions are in NCHW order."""

    name: str
    nchw: bool = False


def read_weights(groups, blobs):
    """The weights by name. `groups` is the weightsManifest, `blobs` the joined shards of each group."""
    weights = {}
    for group, blob in zip(groups, blobs, strict=True):
        offset = 0
        for spec in group["weights"]:
            quantization = spec.get("quantization")
            stored = np.dtype(quantization["dtype"] if quantization else spec["dtype"]).newbyteorder("<")
            count = int(np.prod(spec["shape"], dtype=np.int64))
            array = np.frombuffer(blob, stored, count, offset).reshape(spec["shape"])
            offset += count * stored.itemsize
            if quantization and "scale" in quantization:
                array = array.astype(np.float64) * quantization["scale"] + quantization["min"]
            weights[spec["name"]] = array.astype(np.int64 if spec["dtype"] == "int32" else np.float32)
    return weights


def convert(graph, weights, name, image, outputs, entry=None):
    """The ONNX model of `graph`. `image` is (channels, height, width); `outputs` maps new names to node names.

    `entry` is the node whose value is the image, if the graph begins with preprocessing that is skipped; by default its Placeholder.
    """
    return _Converter(graph, weights, image, entry).run(name, outputs)


class _Converter:
    def __init__(self, graph, weights, image, entry):
        self.source = {node["name"]: node for node in graph["node"]}
        self.weights = weights
        self.image = image
        self.entry = entry or next(node["name"] for node in graph["node"] if node["op"] == "Placeholder")
        self.done = {(self.entry, 0): Tensor("image", nchw=True)}
        self.nodes, self.constants = [], []

    def run(self, name, outputs):
        for new, old in outputs.items():
            self.visit(old)
            self.emit("Identity", [self.nhwc(self.value(old))], outputs=[new])
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, *self.image])],
            [helper.make_tensor_value_info(new, TensorProto.FLOAT, None) for new in outputs],
            self.constants,
        )
        return helper.make_model(graph, producer_name="sightline", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)

    # --- traversal

    def visit(self, wanted):
        """Converts `wanted` and its inputs, inputs first, without recursion because graphs are deep."""
        stack = [wanted]
        while stack:
            node = self.source[stack[-1]]
            if (node["name"], 0) in self.done or node["op"] == "Const":
                stack.pop()
                continue
            inputs = [i.split(":")[0] for i in node.get("input", [])]
            missing = [i for i in inputs if (i, 0) not in self.done and self.source[i]["op"] != "Const"]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            self.convert_node(node)

    def value(self, reference):
        """The output of a node: a Tensor, or a numpy array if it is constant. `reference` is `name` or `name:index`."""
        name, _, index = reference.partition(":")
        if (name, int(index or 0)) in self.done:
            return self.done[name, int(index or 0)]
        return self.weights[name]

    def convert_node(self, node):
        convert_op = getattr(self, "op_" + node["op"].lower().lstrip("_"), None)
        if convert_op is None:
            raise ValueError(f"the TensorFlow operator {node['op']} ({node['name']}) is not supported")
        results = convert_op(_Attributes(node.get("attr", {})), *[self.value(i) for i in node.get("input", [])])
        for index, result in enumerate(results if isinstance(results, list) else [results]):
            self.done[node["name"], index] = result

    # --- writing ONNX

    def constant(self, array):
        array = np.array(array, order="C")
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def emit(self, op, inputs, outputs=None, nchw=False, **attributes):
        names = [i.name if isinstance(i, Tensor) else i if isinstance(i, str) else self.constant(i) for i in inputs]
        outputs = outputs or [f"t{len(self.nodes)}"]
        self.nodes.append(helper.make_node(op, names, outputs, **attributes))
        return Tensor(outputs[0], nchw)

    def nhwc(self, value):
        return self.emit("Transpose", [value], perm=NCHW_TO_NHWC) if isinstance(value, Tensor) and value.nchw else value

    def per_channel(self, array, nchw=True):
        """Moves the channels of a constant to the position of a 4-D tensor's channels."""
        if not nchw or array.ndim == 0:
            return array
        return array.reshape((1,) * (4 - array.ndim) + array.shape).transpose(NHWC_TO_NCHW)

    # --- operators

    def convolution(self, attributes, image, kernel, group, extra):
        assert image.nchw and attributes.text("data_format") == "NHWC"
        fused = attributes.texts("fused_ops")
        bias = [extra[0]] if "BiasAdd" in fused else []
        result = self.emit("Conv", [image, kernel, *bias], nchw=True, group=group, **attributes.window(), dilations=attributes.ints("dilations")[1:3])
        activation = [op for op in fused if op != "BiasAdd"]
        if activation == ["Prelu"]:
            return self.op_prelu(None, result, extra[1])
        return getattr(self, "op_" + activation[0].lower())(None, result) if activation else result

    def op_conv2d(self, attributes, image, kernel, *extra):
        return self.convolution(attributes, image, kernel.transpose(3, 2, 0, 1), 1, extra)

    def op_depthwiseconv2dnative(self, attributes, image, kernel, *extra):
        height, width, channels, multiplier = kernel.shape
        kernel = kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
        return self.convolution(attributes, image, kernel, channels, extra)

    op_fusedconv2d = op_conv2d
    op_fuseddepthwiseconv2dnative = op_depthwiseconv2dnative

    def op_fusedmatmul(self, attributes, left, right, bias):
        assert attributes.texts("fused_ops") == ["BiasAdd"]
        return self.emit("Gemm", [left, right, bias])

    def op_fusedbatchnorm(self, attributes, image, *statistics):
        return self.emit("BatchNormalization", [image, *statistics], nchw=True, epsilon=attributes.raw["epsilon"]["f"])

    def pool(self, op, attributes, image):
        return self.emit(op, [image], nchw=True, kernel_shape=attributes.ints("ksize")[1:3], **attributes.window())

    def op_maxpool(self, attributes, image):
        return self.pool("MaxPool", attributes, image)

    def op_avgpool(self, attributes, image):
        return self.pool("AveragePool", attributes, image)

    def elementwise(self, op, *operands):
        nchw = any(isinstance(o, Tensor) and o.nchw for o in operands)
        assert all(o.nchw == nchw for o in operands if isinstance(o, Tensor)), "mixed layouts"
        return self.emit(op, [o if isinstance(o, Tensor) else self.per_channel(o, nchw) for o in operands], nchw=nchw)

    def op_add(self, _, *operands):
        return self.elementwise("Add", *operands)

    op_addv2 = op_addn = op_biasadd = op_add

    def op_mul(self, _, *operands):
        return self.elementwise("Mul", *operands)

    def op_sub(self, _, *operands):
        return self.elementwise("Sub", *operands)

    def op_prelu(self, _, value, slope):
        return self.elementwise("PRelu", value, slope)

    def op_relu(self, _, value):
        return self.elementwise("Relu", value)

    def op_relu6(self, _, value):
        return self.emit("Clip", [value, np.float32(0), np.float32(6)], nchw=value.nchw)

    def op_sigmoid(self, _, value):
        return self.elementwise("Sigmoid", value)

    def op_exp(self, _, value):
        return self.elementwise("Exp", value)

    def op_identity(self, _, value):
        return value

    def op_softmax(self, _, value):
        return self.emit("Softmax", [self.nhwc(value)], axis=-1)

    def op_mean(self, attributes, value, axes):
        assert value.nchw and sorted(axes) == [1, 2] and not attributes.raw["keep_dims"]["b"]
        return self.emit("ReduceMean", [value], axes=[2, 3], keepdims=0)

    def op_pad(self, _, value, paddings):
        paddings = paddings[list(NHWC_TO_NCHW)] if value.nchw else paddings
        return self.emit("Pad", [value, paddings.T.reshape(-1)], nchw=value.nchw)

    def op_reshape(self, _, value, shape):
        return self.emit("Reshape", [self.nhwc(value), shape])

    def op_squeeze(self, attributes, value):
        return self.emit("Squeeze", [self.nhwc(value), np.array(attributes.ints("squeeze_dims"), np.int64)])

    def op_expanddims(self, _, value, axis):
        return self.emit("Unsqueeze", [self.nhwc(value), axis.reshape(1)])

    def op_shape(self, _, value):
        return self.emit("Shape", [self.nhwc(value)])

    def op_stridedslice(self, attributes, value, begin, end, strides):
        masks = {k: int(attributes.raw[k]["i"]) for k in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")}
        assert begin.size == 1 and masks.pop("shrink_axis_mask") == 1 and not any(masks.values())
        return self.emit("Gather", [value, np.int64(begin[0])], axis=0)

    def op_slice(self, _, value, begin, size):
        end = np.where(size < 0, np.iinfo(np.int64).max, begin + size)
        return self.emit("Slice", [self.nhwc(value), begin, end])

    def op_pack(self, attributes, *values):
        axis = np.array([int(attributes.raw["axis"]["i"])], np.int64)
        return self.emit("Concat", [self.emit("Unsqueeze", [v, axis]) for v in values], axis=int(axis[0]))

    def op_unpack(self, attributes, value):
        axis, count = int(attributes.raw["axis"]["i"]), int(attributes.raw["num"]["i"])
        return [self.emit("Gather", [value, np.int64(i)], axis=axis) for i in range(count)]

    def op_concatv2(self, _, *values):
        return self.emit("Concat", [self.nhwc(v) for v in values[:-1]], axis=int(values[-1]))

    def op_transpose(self, _, value, permutation):
        return self.emit("Transpose", [self.nhwc(value)], perm=permutation.tolist())

    def op_tile(self, _, value, multiples):
        return self.emit("Tile", [value, multiples])


class _Attributes:
    """The attributes of a node. Texts are base64 or, in models of old converters, lists of byte values."""

    def __init__(self, raw):
        self.raw = raw

    @staticmethod
    def decode(text):
        return (base64.b64decode(text) if isinstance(text, str) else bytes(text)).decode()

    def text(self, key):
        return self.decode(self.raw[key]["s"])

    def texts(self, key):
        return [self.decode(t) for t in self.raw.get(key, {}).get("list", {}).get("s", [])]

    def ints(self, key):
        return [int(i) for i in self.raw[key]["list"]["i"]]

    def window(self):
        padding = {"SAME": "SAME_UPPER", "VALID": "VALID"}[self.text("padding")]
        return {"strides": self.ints("strides")[1:3], "auto_pad": padding}


def object_in_javascript(source):
    """The object or string that a bundled module exports (`e.exports=…`): nsfwjs ships its JSON and weights like this."""
    literal = source[re.search(r"(?<!\w)\w\.exports=", source).end() :]
    if literal.startswith('"'):
        return literal[1 : literal.index('"', 1)]
    quoted = re.sub(r"([{,])([A-Za-z_]\w*):", r'\1"\2":', literal)
    numbers = re.sub(r"([:,\[]-?)\.(\d)", r"\g<1>0.\2", quoted)
    return json.JSONDecoder().raw_decode(numbers.replace("!0", "true").replace("!1", "false"))[0]
