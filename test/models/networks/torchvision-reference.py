"""References from PyTorch and torchvision for the networks that reelflow writes itself.

    torchvision-reference.py state-dicts FOLDER NETWORK[:half][:MODULE]...
        For each network: FOLDER/NETWORK.pth, a state dict of random values (`half`: as float16; MODULE: of that module
        alone), and FOLDER/NETWORK.json, whose `layers` lists names of tensors, and beside it FOLDER/NETWORK.LAYER.f32, what
        torchvision gives there for `inputs(NETWORK)` (FOLDER/NETWORK.input.bin; pixels uint8 [2, 224, 224, 3], VGGish:
        log-mel float32 [2, 1, 96, 64]). With VGGish also FOLDER/vggish-pca.npz, the post-processing in TensorFlow's form.
    torchvision-reference.py from-weights NETWORK WEIGHTS.safetensors LAYER...
        Prints as JSON what torchvision gives with weights that reelflow made: norm and 32 values of the first row per layer.
    torchvision-reference.py speed NETWORK ROWS SECONDS
        Prints rows per second of torchvision with one thread.

Needs torch, torchvision and numpy. VGGish is not in torchvision: it is written here as it was published.
"""
import json
import math
import struct
import sys
import time

import numpy
import torch
import torchvision

torch.set_num_threads(2)
# Every value is written over: what PyTorch would draw first takes longer than all the rest.
for kind in (torch.nn.Linear, torch.nn.Conv2d):
    kind.reset_parameters = lambda module: None
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
# Beside each network's own: layers of every kind, with and without positions.
LAYERS = {
    "alexnet": ["features.0", "features.2", "features.12", "classifier.1", "classifier.2", "classifier.5", "classifier.6"],
    "vgg16": ["features.1", "features.16", "features.30", "classifier.4", "classifier.6"],
    "resnet50": ["conv1", "bn1", "maxpool", "layer1.0.downsample.1", "layer2.3", "layer4", "avgpool", "fc"],
    "squeezenet1_0": ["features.2", "features.3.squeeze_activation", "features.5", "features.12", "pool", "classifier.3"],
    "squeezenet1_1": ["features.2", "features.6", "features.12", "pool", "classifier.3"],
    "vggish": ["features.2", "embeddings.4", "embeddings.5", "postprocessed.whitened", "postprocessed"],
}


class VGGish(torch.nn.Module):
    """Hershey et al. 2017, with the post-processing of the TensorFlow release (the 8-bit cast drops the fraction)."""

    def __init__(self):
        super().__init__()
        layers, depth = [], 1
        for channels in [64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool"]:
            if channels == "pool":
                layers.append(torch.nn.MaxPool2d(2, 2))
            else:
                layers += [torch.nn.Conv2d(depth, channels, 3, padding=1), torch.nn.ReLU()]
                depth = channels
        self.features = torch.nn.Sequential(*layers)
        sizes = [512 * 6 * 4, 4096, 4096, 128]
        self.embeddings = torch.nn.Sequential(
            *[part for a, b in zip(sizes, sizes[1:]) for part in (torch.nn.Linear(a, b), torch.nn.ReLU())]
        )
        self.pproc = torch.nn.Module()
        self.pproc.pca_eigen_vectors = torch.nn.Parameter(torch.zeros(128, 128))
        self.pproc.pca_means = torch.nn.Parameter(torch.zeros(128, 1))

    def forward(self, log_mel):
        positions = self.features(log_mel).permute(0, 2, 3, 1).flatten(1)
        embedding = self.embeddings(positions)
        if isinstance(self.pproc, torch.nn.Identity):
            return embedding
        whitened = torch.mm(self.pproc.pca_eigen_vectors, embedding.t() - self.pproc.pca_means).t()
        self.whitened = whitened
        return torch.floor((whitened.clamp(-2.0, 2.0) + 2.0) * (255.0 / 4.0))


def build(name):
    if name == "vggish":
        return VGGish().eval()
    # VGG16's own initialisation takes a minute and is written over.
    more = {"init_weights": False} if name == "vgg16" else {}
    return getattr(torchvision.models, name)(weights=None, **more).eval()


def uniform(count, seed):
    """The generator of the tests (Park and Miller), so that both sides make the same input."""
    state, values = seed, numpy.empty(count)
    for index in range(count):
        state = state * 16807 % 2147483647
        values[index] = state / 2147483647
    return values


def inputs(name):
    if name == "vggish":
        return (uniform(2 * 96 * 64, 7) * 6 - 4).astype("<f4").reshape(2, 1, 96, 64)
    return numpy.floor(uniform(2 * 224 * 224 * 3, 7) * 256).astype(numpy.uint8).reshape(2, 224, 224, 3)


def network_input(name, values):
    if name == "vggish":
        return torch.from_numpy(values)
    pixels = torch.from_numpy(values).permute(0, 3, 1, 2).to(torch.float32)
    return (pixels / 255 - MEAN) / STD


def randomise(network, seed):
    """Values of a trained network's scale, every one of them other than its default."""
    generator = torch.Generator().manual_seed(seed)

    def fill(tensor, low, high):
        tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)

    with torch.no_grad():
        for key, tensor in network.state_dict().items():
            if key.endswith("num_batches_tracked"):
                continue
            if key.endswith("running_var"):
                fill(tensor, 0.5, 1.5)
            elif tensor.dim() > 1 and not key.endswith("pca_means"):
                bound = math.sqrt(6 / tensor[0].numel())
                fill(tensor, -bound, bound)
            elif key.endswith("bn3.weight"):
                fill(tensor, 0.1, 0.4)
            elif key.endswith(".weight"):
                fill(tensor, 0.5, 1.5)
            else:
                fill(tensor, -0.2, 0.2)


def outputs(name, network, values, layers):
    """What each of the layers gives, flattened to one vector per row."""
    found, hooks = {}, []
    modules = dict(network.named_modules())
    for layer in layers:
        if layer in modules:
            # A copy: the ReLU that follows changes the tensor in place.
            keep = lambda module, given, made, layer=layer: found.__setitem__(layer, made.detach().clone())
            hooks.append(modules[layer].register_forward_hook(keep))
    if "pool" in layers:
        keep = lambda module, given, made: found.__setitem__("pool", made.detach().mean((2, 3)))
        hooks.append(modules["features.12"].register_forward_hook(keep))
    with torch.no_grad():
        last = network(network_input(name, values))
    if name == "vggish":
        found["postprocessed"], found["postprocessed.whitened"] = last, getattr(network, "whitened", last)
    for hook in hooks:
        hook.remove()
    return {layer: found[layer].flatten(1).numpy() for layer in layers}


def state_dicts(folder, specifications):
    for specification in specifications:
        name, *more = specification.split(":")
        network = build(name)
        modules = [module for module in more if module != "half"]
        for module, _ in list(network.named_children()) if modules else []:
            if module not in modules:
                setattr(network, module, torch.nn.Identity())
        randomise(network, 11)
        if "half" in more:
            network = network.half().float()
        state = network.state_dict()
        if "half" in more:
            state = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
        torch.save(state, f"{folder}/{name}.pth")
        if name == "vggish" and not modules:
            means = network.pproc.pca_means.detach().numpy().reshape(-1)
            vectors = network.pproc.pca_eigen_vectors.detach().numpy()
            numpy.savez(f"{folder}/vggish-pca.npz", pca_eigen_vectors=vectors, pca_means=means)
        values = inputs(name)
        values.tofile(f"{folder}/{name}.input.bin")
        layers = [layer for layer in LAYERS[name] if not modules or layer.split(".")[0] in modules]
        for layer, made in outputs(name, network, values, layers).items():
            made.astype("<f4").tofile(f"{folder}/{name}.{layer}.f32")
        with open(f"{folder}/{name}.json", "w") as file:
            json.dump({"layers": layers, "torch": torch.__version__, "torchvision": torchvision.__version__}, file)


def read_safetensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        start = 8 + length
    tensors = {}
    for key, entry in header.items():
        if key == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        flat = numpy.fromfile(path, "<f4", (end - begin) // 4, offset=start + begin)
        tensors[key] = torch.from_numpy(flat.reshape(entry["shape"]))
    return tensors


def from_weights(name, path, layers):
    """Only layers that the given weights reach may be asked for."""
    network = build(name)
    # Layers that the weights do not reach hold whatever was in memory.
    for tensor in network.parameters():
        tensor.data.zero_()
    given = read_safetensors(path)
    for key in ("pca_eigen_vectors", "pca_means"):
        if key in given:
            given[f"pproc.{key}"] = given.pop(key).reshape(getattr(network.pproc, key).shape)
    unexpected = network.load_state_dict(given, strict=False).unexpected_keys
    if unexpected:
        raise SystemExit(f"{name} has no {unexpected}")
    report = {}
    for layer, made in outputs(name, network, inputs(name)[:1], layers).items():
        row = made[0].astype(numpy.float64)
        stride = max(1, len(row) // 32)
        report[layer] = {
            "length": len(row),
            "norm": float(numpy.linalg.norm(row)),
            "largest": float(numpy.abs(row).max()),
            "stride": stride,
            "values": [float(value) for value in row[: 32 * stride : stride]],
        }
    json.dump(report, sys.stdout)


def speed(name, rows, seconds):
    torch.set_num_threads(1)
    network = build(name)
    randomise(network, 11)
    given = network_input(name, numpy.repeat(inputs(name)[:1], rows, 0))
    with torch.no_grad():
        network(given)
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            network(given)
            count += rows
        print(count / (time.perf_counter() - start))


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "state-dicts":
        state_dicts(rest[0], rest[1:])
    elif command == "from-weights":
        from_weights(rest[0], rest[1], rest[2:])
    elif command == "speed":
        speed(rest[0], int(rest[1]), float(rest[2]))
    else:
        raise SystemExit(__doc__)
