"""The same network in PyTorch: reads weights and batches from a folder, makes the steps, writes losses and weights."""
import json
import sys
from pathlib import Path

import numpy
import torch

torch.set_num_threads(1)
folder = Path(sys.argv[1])
plan = json.loads((folder / "plan.json").read_text())


def numbers(name, kind=numpy.float32):
    return numpy.fromfile(folder / name, dtype=kind)


flat = numbers("weights.bin")
weights, start = {}, 0
for name, shape in plan["weights"]:
    size = int(numpy.prod(shape))
    weights[name] = torch.nn.Parameter(torch.from_numpy(flat[start : start + size].reshape(shape).copy()))
    start += size


def recurrent(name, x):
    """torch.nn.LSTM with our weights; its second bias is left at zero and not trained, as Keras has only one."""
    kernel, hidden, bias = (weights[f"{name}/{part}"] for part in ("kernel", "recurrent", "bias"))
    rows, units = x.shape[1], hidden.shape[0]
    zeros = torch.zeros(1, rows, units)
    parameters = [kernel.t().contiguous(), hidden.t().contiguous(), bias, torch.zeros_like(bias)]
    output, _, _ = torch._VF.lstm(x, (zeros, zeros), parameters, True, 1, 0.0, True, False, False)
    return output


def dense(name, x):
    return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]


def forward(users, items, features):
    look = torch.cat([weights["collaborative/users"][users], weights["collaborative/items"][items]], 1)
    for layer in (1, 2):
        look = torch.relu(dense(f"collaborative/dense-{layer}", look))
    ends = []
    for modality, values in features.items():
        x = values[items].transpose(0, 1)
        for layer in (1, 2):
            x = recurrent(f"content/{modality}/lstm-{layer}", x)
        ends.append(x[-1])
    content = torch.cat(ends, 1)
    for layer in (1, 2):
        content = torch.relu(dense(f"content/dense-{layer}", content))
    joint = torch.relu(dense("joint/dense-1", torch.cat([look, content], 1)))
    return torch.sigmoid(dense("output", joint)) * (plan["maximum"] - plan["minimum"]) + plan["minimum"]


features = {
    name: torch.from_numpy(numbers(f"{name}.bin").reshape(-1, steps, dimension))
    for name, steps, dimension in plan["modalities"]
}
batch, steps = plan["batch"], plan["steps"]
users, items = (
    torch.from_numpy(numbers(f"{name}.bin", numpy.int32)).long().reshape(steps, batch) for name in ("users", "items")
)
ratings = torch.from_numpy(numbers("ratings.bin")).reshape(steps, batch, 1)
kernels = [weight for weight in weights.values() if weight.dim() > 1]
biases = [weight for weight in weights.values() if weight.dim() == 1]
optimiser = torch.optim.Adam(
    [{"params": kernels, "weight_decay": 2 * plan["l2"]}, {"params": biases}],
    lr=plan["learningRate"],
    eps=plan["epsilon"],
)
losses = []
for step in range(steps):
    optimiser.zero_grad()
    loss = ((forward(users[step], items[step], features) - ratings[step]) ** 2).mean()
    loss.backward()
    optimiser.step()
    losses.append(loss.item())
numpy.concatenate([weight.detach().numpy().ravel() for weight in weights.values()]).tofile(folder / "trained.bin")
print(json.dumps(losses))
