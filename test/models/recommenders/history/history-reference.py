# The networks that read histories in PyTorch, for reference.test.ts:
# python3 history-reference.py writes history-reference.json, the losses of three steps of Adam.
import json
from pathlib import Path

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
USERS, ITEMS, LENGTH = 7, 9, 6


def numbers(seed):  # numbersOf(seed) of the tests (Park and Miller)
    state = seed
    while True:
        state = (state * 48271) % 2147483647
        yield state / 2147483647


def ratings():
    draw, rows = numbers(11), []
    for user in range(USERS):
        for item in range(ITEMS):
            if next(draw) < 0.6:
                rows.append((user, item, 1 + int(next(draw) * 5)))
    return rows


ROWS = ratings()
MEAN = sum(r for _, _, r in ROWS) / len(ROWS)
OF_USERS = [[(i, r) for u, i, r in ROWS if u == user] for user in range(USERS)]


def weights_of(shapes):
    """Values by the numbers of one seed, over names in order."""
    draw = numbers(5)
    return {
        name: torch.tensor([float(torch.tensor(0.8 * (next(draw) - 0.5), dtype=torch.float32)) for _ in range(size(shapes[name]))])
        .reshape(shapes[name])
        .requires_grad_()
        for name in sorted(shapes)
    }


def size(shape):
    product = 1
    for axis in shape:
        product *= axis
    return product


def train(shapes, loss_of):
    weights = weights_of(shapes)
    optimiser = torch.optim.Adam(weights.values(), lr=0.01, eps=1e-7)
    losses = []
    for step in range(3):
        optimiser.zero_grad()
        loss, penalty = loss_of(weights, step)
        (loss + penalty).backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def dense(w, name, x):
    return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]


def dense_shapes(name, a, b):
    return {f"{name}/kernel": [a, b], f"{name}/bias": [b]}


def matrix(by_item, value):
    m = torch.zeros(ITEMS if by_item else USERS, USERS if by_item else ITEMS)
    for u, i, r in ROWS:
        m[(i, u) if by_item else (u, i)] = value(r)
    return m


def autorec():
    x, mask = matrix(True, lambda r: r - MEAN), matrix(True, lambda r: 1)
    shapes = {**dense_shapes("encoder", USERS, 4), **dense_shapes("decoder", 4, USERS)}

    def loss(w, step):
        out = dense(w, "decoder", torch.sigmoid(dense(w, "encoder", x)))
        return ((out - x) ** 2 * mask).sum() / mask.sum(), 0

    return train(shapes, loss)


def deep_ae():
    x, mask = matrix(False, lambda r: r - MEAN), matrix(False, lambda r: 1)
    sizes = [ITEMS, 5, 3, 5, ITEMS]
    shapes = {k: v for n in range(4) for k, v in dense_shapes(f"dense-{n + 1}", sizes[n], sizes[n + 1]).items()}

    def apply(w, x):
        for n in range(4):
            x = dense(w, f"dense-{n + 1}", x)
            if n < 3:
                x = torch.nn.functional.selu(x)
        return x

    def loss(w, step):
        out = apply(w, x)
        again = ((apply(w, out.detach()) - out.detach()) ** 2).mean()
        return ((out - x) ** 2 * mask).sum() / mask.sum(), again

    return train(shapes, loss)


def multi(variational):
    x = matrix(False, lambda r: 1 if r > 1 + 2 / 3 * 4 else 0)
    unit = x / x.norm(dim=1, keepdim=True).clamp(min=1)
    shapes = {**dense_shapes("encoder/dense-1", ITEMS, 5), **dense_shapes("decoder/dense-1", 3, 5), **dense_shapes("output", 5, ITEMS)}
    parts = ["latent/mean", "latent/log-variance"] if variational else ["latent"]
    for part in parts:
        shapes.update(dense_shapes(part, 5, 3))
    draws = [numbers(17 + step) for step in range(3)]
    tau = 2 * torch.pi

    def normal(draw):
        first, second = next(draw), next(draw)
        return (-2 * torch.log(torch.tensor(1 - first))).sqrt() * torch.cos(torch.tensor(tau * second))

    def loss(w, step):
        h = torch.tanh(dense(w, "encoder/dense-1", unit))
        penalty = 0
        if variational:
            mean, log_variance = dense(w, parts[0], h), dense(w, parts[1], h)
            noise = torch.stack([normal(draws[step]) for _ in range(USERS * 3)]).reshape(USERS, 3)
            z = mean + noise * torch.exp(log_variance / 2)
            divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
            penalty = min(0.2, step / 10) * divergence
        else:
            z = torch.tanh(dense(w, "latent", h))
        out = dense(w, "output", torch.tanh(dense(w, "decoder/dense-1", z)))
        return -(x * torch.log_softmax(out, 1)).sum(1).mean(), penalty

    return train(shapes, loss)


def sequence_losses(states_of, shapes, lesson, content):
    draw = numbers(23)
    vectors = torch.tensor([float(torch.tensor(2 * next(draw) - 1, dtype=torch.float32)) for _ in range(ITEMS * 3)]).reshape(ITEMS, 3)
    shapes = {**shapes, "items/embedding": [ITEMS, 4]}
    if content:
        shapes["content/kernel"] = [3, 4]

    def loss(w, step):
        table = w["items/embedding"]
        if content:
            table = table + vectors @ w["content/kernel"]
        own = numbers(17 + step)
        asked, targets = [], []
        for history in OF_USERS:
            items = [item for item, _ in history]
            most = LENGTH + lesson.extra
            drawn = next(own)
            end = len(items) - int(drawn * max(1, len(items) - most + 1))
            items = items[max(0, end - most) : end]
            shown, hidden, places, wanted = lesson(items, own)
            states = states_of(w, table, shown, hidden)
            asked += [states[place] for place in places]
            targets += wanted
        logits = torch.stack(asked) @ table.T
        return torch.nn.functional.cross_entropy(logits, torch.tensor(targets)), 0

    return train(shapes, loss)


def next_items(items, draw):
    return items[:-1], [], list(range(len(items) - 1)), items[1:]


next_items.extra = 1


def cloze(items, draw):
    only_last = next(draw) < 0.5
    drawn = [place for place in range(len(items)) if next(draw) < 0.4]
    hidden = [len(items) - 1] if only_last or len(drawn) in (0, len(items)) else drawn
    return items, hidden, hidden, [items[place] for place in hidden]


cloze.extra = 0


def gru4rec():
    cell_shapes = {"gru/kernel": [4, 9], "gru/recurrent": [3, 9], "gru/bias": [9], "gru/candidate-bias": [3]}

    def states(w, table, shown, hidden):
        h, out = torch.zeros(3), []
        for item in shown:
            a = table[item] @ w["gru/kernel"] + w["gru/bias"]
            b = h @ w["gru/recurrent"]
            r, z = torch.sigmoid(a[:3] + b[:3]), torch.sigmoid(a[3:6] + b[3:6])
            n = torch.tanh(a[6:] + r * (b[6:] + w["gru/candidate-bias"]))
            h = (1 - z) * n + z * h
            out.append(dense(w, "output", h))
        return out

    return sequence_losses(states, {**cell_shapes, **dense_shapes("output", 3, 4)}, next_items, True)


def attention_shapes():
    shapes = {"places": [LENGTH, 4], "read/gamma": [4], "read/beta": [4]}
    for part in ("query", "key", "value", "mixed"):
        shapes.update(dense_shapes(f"block-1/{part}", 4, 4))
    shapes.update({**dense_shapes("block-1/inner", 4, 5), **dense_shapes("block-1/outer", 5, 4)})
    for part in ("attended", "done"):
        shapes.update({f"block-1/{part}/gamma": [4], f"block-1/{part}/beta": [4]})
    return shapes


def normalised(w, name, x):
    return torch.nn.functional.layer_norm(x, [4], w[f"{name}/gamma"], w[f"{name}/beta"], 1e-5)


def blocks(w, x, both_ways):
    count = len(x)
    x = normalised(w, "read", x + w["places"][-count:])
    q, k, v = (dense(w, f"block-1/{part}", x).reshape(count, 2, 2).transpose(0, 1) for part in ("query", "key", "value"))
    allowed = torch.ones(count, count, dtype=torch.bool) if both_ways else torch.ones(count, count).tril().bool()
    match = (q @ k.transpose(1, 2) / 2**0.5).masked_fill(~allowed, -torch.inf)
    mixed = (torch.softmax(match, -1) @ v).transpose(0, 1).reshape(count, 4)
    x = normalised(w, "block-1/attended", x + dense(w, "block-1/mixed", mixed))
    inner = torch.nn.functional.gelu(dense(w, "block-1/inner", x), approximate="tanh")
    return normalised(w, "block-1/done", x + dense(w, "block-1/outer", inner))


def sasrec():
    return sequence_losses(lambda w, table, shown, hidden: blocks(w, table[shown], False), attention_shapes(), next_items, False)


def bert4rec():
    shapes = {**attention_shapes(), "mask": [1, 4], **dense_shapes("output", 4, 4), "output/gamma": [4], "output/beta": [4]}

    def states(w, table, shown, hidden):
        x = torch.stack([w["mask"][0] if place in hidden else table[item] for place, item in enumerate(shown)])
        head = torch.nn.functional.gelu(dense(w, "output", blocks(w, x, True)), approximate="tanh")
        return normalised(w, "output", head)

    return sequence_losses(states, shapes, cloze, False)


def m5():
    draw = numbers(23)
    vectors = torch.tensor([float(torch.tensor(2 * next(draw) - 1, dtype=torch.float32)) for _ in range(ITEMS * 3)]).reshape(ITEMS, 3)
    shapes = {"items/embedding": [ITEMS, 4], "content/kernel": [3, 4]}
    shapes.update({**dense_shapes("gate/hidden", 1, 8), **dense_shapes("gate/output", 8, 1)})
    for side in ("ids/", "content/"):
        own = {name: [4] if shape == [5] and "inner" in name else shape for name, shape in attention_shapes().items()}
        own.update({"block-1/inner/kernel": [4, 4], "block-1/outer/kernel": [4, 4]})
        shapes.update({side + name: shape for name, shape in own.items()})
        shapes.update({f"{side}interests/kernel": [4, 3], **dense_shapes(f"{side}interests/hidden", 4, 4)})

    def tower(w, side, table, read):
        own = {name[len(side) :]: value for name, value in w.items() if name.startswith(side)}
        states = blocks(own, table[read], True)
        match = torch.tanh(dense(own, "interests/hidden", states)) @ own["interests/kernel"]
        interests = torch.softmax(match, 0).T @ states
        return (interests @ table.T).amax(0)

    def loss(w, step):
        own = numbers(17 + step)
        content = vectors @ w["content/kernel"]
        counts = torch.full((ITEMS, 1), float(torch.tensor(torch.log(torch.tensor(2.0)), dtype=torch.float32)))
        gate = torch.sigmoid(dense(w, "gate/output", torch.relu(dense(w, "gate/hidden", counts))))[:, 0]
        mixed, alone, targets = [], [], []
        for history in OF_USERS:
            items = [item for item, _ in history]
            target = 1 + int(next(own) * (len(items) - 1))
            read = items[max(0, target - LENGTH) : target]
            by_id, by_content = tower(w, "ids/", w["items/embedding"], read), tower(w, "content/", content, read)
            mixed.append(gate * by_id + (1 - gate) * by_content)
            alone.append(by_content)
            targets.append(items[target])
        judged = lambda scores: torch.nn.functional.cross_entropy(torch.stack(scores), torch.tensor(targets))
        return judged(mixed), 0.3 * judged(alone)

    return train(shapes, loss)


found = {
    "autorec": autorec(),
    "deep-ae": deep_ae(),
    "multi-dae": multi(False),
    "multi-vae": multi(True),
    "gru4rec": gru4rec(),
    "sasrec": sasrec(),
    "bert4rec": bert4rec(),
    "m5": m5(),
}
Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n")
