"""CPU-milliseconds per step of the same deepcf in PyTorch: one thread, embeddings dense or sparse.

python3 sparse-training-pytorch.py USERS ITEMS BATCH STEPS dense|sparse
"""
import json
import sys
import time

import torch

users, items, batch, steps = map(int, sys.argv[1:5])
sparse = sys.argv[5] == 'sparse'
torch.set_num_threads(1)
torch.manual_seed(1)
p = torch.nn.Embedding(users, 64, sparse=sparse)
q = torch.nn.Embedding(items, 64, sparse=sparse)
layers = torch.nn.Sequential(
    *(part for a, b in ((128, 32), (32, 16), (16, 8)) for part in (torch.nn.Linear(a, b), torch.nn.ReLU())),
    torch.nn.Linear(8, 1),
    torch.nn.Sigmoid(),
)
tables = [p.weight, q.weight]
optimisers = [torch.optim.Adam(layers.parameters(), 1e-3)]
optimisers.append(torch.optim.SparseAdam(tables, 1e-3) if sparse else torch.optim.Adam(tables, 1e-3))


def learn(count):
    for _ in range(count):
        u = torch.randint(0, users, (batch,))
        i = torch.randint(0, items, (batch,))
        r = 0.5 + 4.5 * torch.rand(batch, 1)
        rows = [p(u), q(i)]
        loss = ((0.5 + 4.5 * layers(torch.cat(rows, 1)) - r) ** 2).mean()
        # L2 of the rows that are looked up, or of whole tables.
        held = rows if sparse else tables
        held = [*held, *(w for w in layers.parameters() if w.dim() > 1)]
        loss = loss + 1e-5 * sum((w * w).sum() for w in held)
        for optimiser in optimisers:
            optimiser.zero_grad()
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()


learn(10)
began = time.process_time()
learn(steps)
print(json.dumps({'cpuMsPerStep': 1000 * (time.process_time() - began) / steps, 'torch': torch.__version__}))
