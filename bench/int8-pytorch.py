"""AlexNet to fc7 in PyTorch over frames in a file: the other side of bench/int8.ts. Usage: FRAMES WEIGHTS COUNT BATCH THREADS."""
import json
import resource
import sys
import time

import numpy
import torch

frames_path, weights_path, count, batch, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
torch.set_num_threads(threads)
frames = numpy.fromfile(frames_path, numpy.uint8).reshape(count, 224, 224, 3)
values = numpy.fromfile(weights_path, numpy.float32)
layers = [torch.nn.Conv2d(3, 64, 11, 4, 2), torch.nn.Conv2d(64, 192, 5, 1, 2), torch.nn.Conv2d(192, 384, 3, 1, 1),
          torch.nn.Conv2d(384, 256, 3, 1, 1), torch.nn.Conv2d(256, 256, 3, 1, 1),
          torch.nn.Linear(9216, 4096), torch.nn.Linear(4096, 4096)]
at = 0
for layer in layers:
    for parameter in (layer.weight, layer.bias):
        size = parameter.numel()
        parameter.data = torch.from_numpy(values[at:at + size].reshape(parameter.shape).copy())
        at += size
relu = torch.nn.ReLU(inplace=True)
pool = torch.nn.MaxPool2d(3, 2)
a, b, c, d, e, f, g = layers
network = torch.nn.Sequential(a, relu, pool, b, relu, pool, c, relu, d, relu, e, relu, pool, torch.nn.Flatten(), f, relu, g, relu)
mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 255
scale = 1 / (torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1) * 255)
with torch.inference_mode():
    def run(start):
        pixels = torch.from_numpy(frames[start:start + batch]).permute(0, 3, 1, 2).float()
        return network((pixels - mean) * scale)
    first = run(0)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    started, before = time.perf_counter(), usage.ru_utime + usage.ru_stime
    for start in range(0, count, batch):
        run(start)
    seconds = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"seconds": seconds, "cpuSeconds": usage.ru_utime + usage.ru_stime - before,
                  "first": first[0, :4096].tolist(), "version": torch.__version__}))
