"""Reads EfficientNet-Lite0's weights (.pth, PyTorch's format before 1.6) without PyTorch, and writes the network as ONNX.

A .pth file is a sequence of pickles followed by the raw numbers. This unpickler only builds plain containers and array descriptions, so no code in the file can run.
"""

import pickle
import struct
from collections import OrderedDict

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IMAGE = (3, 224, 224)
BLOCKS = 16
HALVING_BLOCKS = (1, 3, 5, 11)  # blocks with a stride of two
BATCH_NORM_EPSILON = 1e-3
DTYPES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, shape, strides, *_: (storage, offset, shape, strides)
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a file of weights")

    def persistent_load(self, reference):
        _, dtype, key, *_ = reference
        return dtype, key


def read_weights(path):
    """The file's arrays by name."""
    with open(path, "rb") as file:
        for _ in range(3):  # magic number, protocol version, system facts
            _Unpickler(file).load()
        tensors = _Unpickler(file).load()
        keys = _Unpickler(file).load()
        dtypes = {key: dtype for (dtype, key), *_ in tensors.values()}
        storages = {}
        for key in keys:
            (count,) = struct.unpack("<q", file.read(8))
            dtype = np.dtype(dtypes[key])
            storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return {name: _view(storages[key], offset, shape, strides) for name, ((_, key), offset, shape, strides) in tensors.items()}


def _view(storage, offset, shape, strides):
    bytes_strides = [s * storage.itemsize for s in strides]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, bytes_strides).copy()


class _Network:
    def __init__(self, weights):
        self.weights, self.nodes, self.constants = weights, [], []

    def emit(self, op, inputs, output=None, **attributes):
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
        return name

    def convolution(self, value, kernel, norm, stride=1, activate=True):
        """Adds a convolution with its batch norm folded in, then ReLU6."""
        kernel = self.weights[kernel + ".weight"].astype(np.float64)
        gamma, beta, mean, variance = (self.weights[f"{norm}.{part}"].astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var"))
        scale = gamma / np.sqrt(variance + BATCH_NORM_EPSILON)
        group = kernel.shape[0] if kernel.shape[1] == 1 else 1
        inputs = [value, self.constant(kernel * scale[:, None, None, None]), self.constant(beta - mean * scale)]
        result = self.emit("Conv", inputs, strides=[stride, stride], auto_pad="SAME_UPPER", group=group)
        return self.emit("Clip", [result, self.constant(0), self.constant(6)]) if activate else result

    def same_width(self, name):
        """Whether a block has as many output channels as input channels."""
        first = self.weights.get(f"{name}._expand_conv.weight", self.weights[f"{name}._depthwise_conv.weight"])
        taken = first.shape[1] if f"{name}._expand_conv.weight" in self.weights else first.shape[0]
        return taken == self.weights[f"{name}._project_conv.weight"].shape[0]

    def block(self, value, name, stride):
        result = value
        if f"{name}._expand_conv.weight" in self.weights:
            result = self.convolution(result, f"{name}._expand_conv", f"{name}._bn0")
        result = self.convolution(result, f"{name}._depthwise_conv", f"{name}._bn1", stride)
        return self.convolution(result, f"{name}._project_conv", f"{name}._bn2", activate=False)


def convert(path):
    """The network as an ONNX model: `image` [1,3,224,224] → `scores` [1,1000], softmax included."""
    network = _Network(read_weights(path))
    value = network.convolution("image", "_conv_stem", "_bn0", stride=2)
    for index in range(BLOCKS):
        name = f"_blocks.{index}"
        result = network.block(value, name, 2 if index in HALVING_BLOCKS else 1)
        residual = index not in HALVING_BLOCKS and network.same_width(name)
        value = network.emit("Add", [value, result]) if residual else result
    value = network.convolution(value, "_conv_head", "_bn1")
    value = network.emit("ReduceMean", [value], axes=[2, 3], keepdims=0)
    value = network.emit("Gemm", [value, network.constant(network.weights["_fc.weight"]), network.constant(network.weights["_fc.bias"])], transB=1)
    network.emit("Softmax", [value], "scores", axis=-1)
    graph = helper.make_graph(
        network.nodes,
        "efficientnet-lite0",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, *IMAGE])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1000])],
        network.constants,
    )
    return helper.make_model(graph, producer_name="sightline", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
