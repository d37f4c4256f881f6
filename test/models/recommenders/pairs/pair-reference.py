# The networks of pairs in PyTorch, for reference.test.ts:
# python3 pair-reference.py writes pair-reference.json, the losses of three steps of Adam.
import json
from pathlib import Path

import torch
from torch.nn import functional

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
USERS, ITEMS = 7, 9
LOW, HIGH = 1, 5


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


def float32(value):
    return float(torch.tensor(value, dtype=torch.float32))


ROWS = ratings()
MEAN = sum(r for _, _, r in ROWS) / len(ROWS)
BATCH = list(range(0, len(ROWS), 2))
TARGETS = torch.tensor([[float(ROWS[row][2])] for row in BATCH])
other = numbers(23)
VECTORS = torch.tensor([[0.0] * 3 if item == 0 else [float32(2 * next(other) - 1) for _ in range(3)] for item in range(ITEMS)])
PRESENT = torch.tensor([[0.0 if item == 0 else 1.0] for item in range(ITEMS)])
GENRES = torch.tensor([[1.0 if (item >> bit) % 2 else 0.0 for bit in range(3)] for item in range(ITEMS)])
FIELDS = [user % 3 for user in range(USERS)] + [0]
TITLES = [["item"] + (["the"] if item % 2 else []) + ["abcdefghi"[item]] for item in range(ITEMS)]
VOCABULARY = {word: place + 2 for place, word in enumerate(sorted({word for title in TITLES for word in title}))}


def size(shape):
    product = 1
    for axis in shape:
        product *= axis
    return product


def train(shapes, predictions):
    draw = numbers(5)
    weights = {
        name: torch.tensor([float32(0.8 * (next(draw) - 0.5)) for _ in range(size(shapes[name]))])
        .reshape(shapes[name])
        .requires_grad_()
        for name in sorted(shapes)
    }
    optimiser = torch.optim.Adam(weights.values(), lr=0.01, eps=1e-7)
    losses = []
    for _ in range(3):
        optimiser.zero_grad()
        found = LOW + (HIGH - LOW) * torch.sigmoid(predictions(weights))
        loss = ((found - TARGETS) ** 2).mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def dense(w, name, x):
    return x @ w[f"{name}/kernel"] + w[f"{name}/bias"]


def dense_shapes(name, a, b):
    return {f"{name}/kernel": [a, b], f"{name}/bias": [b]}


def content_shapes(width):
    return {
        **dense_shapes("content/visual", 3, width),
        "content/visual/missing": [1, width],
        **dense_shapes("content/genres", 3, width),
    }


def content(w):
    visual = torch.relu(dense(w, "content/visual", VECTORS)) * PRESENT + (1 - PRESENT) @ w["content/visual/missing"]
    return [visual, torch.relu(dense(w, "content/genres", GENRES))]


def gat():
    width, heads, nodes, first = 4, 2, USERS + 1 + ITEMS, USERS + 1
    edges = [row for at, row in enumerate(ROWS) if at % 2 == 1]
    arcs = [arc for u, i, r in edges for arc in ((u, first + i, (r - MEAN) / 2, 0), (first + i, u, (r - MEAN) / 2, 0))]
    arcs += [(node, node, 0, 1) for node in range(nodes)]
    liked = torch.zeros(first, ITEMS)
    for user in range(USERS):
        own = [(i, r) for u, i, r in edges if u == user]
        good = [i for i, r in own if r >= sum(r for _, r in own) / len(own)]
        for item in good:
            liked[user, item] = 1 / len(good)
    # Whoever has ratings is known, whether or not a step learns them.
    shown = torch.tensor([[1.0 if any(u == user for u, _, _ in ROWS) else 0.0] for user in range(first)])
    shown = torch.cat([shown, torch.tensor([[1.0 if any(i == item for _, i, _ in ROWS) else 0.0] for item in range(ITEMS)])])
    shapes = {**content_shapes(width), "users/embedding": [first, width], "items/embedding": [ITEMS, width]}
    widths = [3 * width, width]
    for layer, count in ((1, heads), (2, 1)):
        into, part = widths[layer - 1], width // count
        for head in range(1, count + 1):
            own = f"layer-{layer}/head-{head}"
            shapes.update({f"{own}/kernel": [into, part], f"{own}/attention-to": [part, 1], f"{own}/attention-from": [part, 1]})
            shapes.update({f"{own}/attention-edge": [2, 1], f"{own}/edge": [2, part]})
        shapes.update(dense_shapes(f"layer-{layer}/skip", into, width))
    shapes.update({**dense_shapes("dense-1", 3 * width, 5), **dense_shapes("output", 5, 1)})

    def predictions(w):
        items = torch.cat(content(w), 1)
        x = torch.cat([torch.cat([liked @ items, items]), torch.cat([w["users/embedding"], w["items/embedding"]]) * shown], 1)
        for layer, count in ((1, heads), (2, 1)):
            mixed = []
            for head in range(1, count + 1):
                own = f"layer-{layer}/head-{head}"
                h = x @ w[f"{own}/kernel"]
                out = []
                for node in range(nodes):
                    near = [(a, torch.tensor([float(r), float(s)])) for a, b, r, s in arcs if b == node]
                    match = torch.stack(
                        [
                            (h[node] @ w[f"{own}/attention-to"] + h[a] @ w[f"{own}/attention-from"] + f @ w[f"{own}/attention-edge"])[0]
                            for a, f in near
                        ]
                    )
                    shares = torch.softmax(functional.leaky_relu(match, 0.2), 0)
                    out.append(sum(share * (h[a] + f @ w[f"{own}/edge"]) for share, (a, f) in zip(shares, near)))
                mixed.append(torch.stack(out))
            x = functional.elu(torch.cat(mixed, 1) + dense(w, f"layer-{layer}/skip", x))
        user = x[[ROWS[row][0] for row in BATCH]]
        item = x[[first + ROWS[row][1] for row in BATCH]]
        return dense(w, "output", torch.relu(dense(w, "dense-1", torch.cat([user, item, user * item], 1))))

    return train(shapes, predictions)


def field(w, users):
    return w["users/field-1/embedding"][[FIELDS[user] for user in users]]


def multimodal_cnn():
    width, joint = 4, 6
    shapes = {**content_shapes(width), "users/embedding": [USERS, width], "items/embedding": [ITEMS, width]}
    shapes.update({"users/field-1/embedding": [3, 16], "titles/embedding": [len(VOCABULARY) + 2, 32]})
    shapes.update({**dense_shapes("user/part-1", width, width), **dense_shapes("user/part-2", 16, width), **dense_shapes("item/id", width, width)})
    for window in (2, 3, 4, 5):
        shapes[f"titles/window-{window}/bias"] = [8]
        for word in range(1, window + 1):
            shapes[f"titles/window-{window}/word-{word}"] = [32, 8]
    shapes.update({**dense_shapes("user/joint", 2 * width, joint), **dense_shapes("item/joint", 3 * width + 32, joint)})
    shapes.update({**dense_shapes("match", 2 * joint, 64), **dense_shapes("output", 64, 1)})
    words = torch.tensor([([VOCABULARY[word] for word in title] + [0] * 15)[:15] for title in TITLES])

    def predictions(w):
        users, items = [ROWS[row][0] for row in BATCH], [ROWS[row][1] for row in BATCH]
        title = w["titles/embedding"][words[items]].transpose(1, 2)  # [batch, 32, 15]
        found = []
        for window in (2, 3, 4, 5):
            kernel = torch.stack([w[f"titles/window-{window}/word-{word}"] for word in range(1, window + 1)])
            conv = functional.conv1d(title, kernel.permute(2, 1, 0), w[f"titles/window-{window}/bias"])
            found.append(torch.relu(conv).amax(2))
        user = [
            torch.relu(dense(w, "user/part-1", w["users/embedding"][users])),
            torch.relu(dense(w, "user/part-2", field(w, users))),
        ]
        item = [torch.relu(dense(w, "item/id", w["items/embedding"][items])), *(part[items] for part in content(w)), *found]
        both = [
            torch.tanh(dense(w, "user/joint", torch.cat(user, 1))),
            torch.tanh(dense(w, "item/joint", torch.cat(item, 1))),
        ]
        return dense(w, "output", torch.relu(dense(w, "match", torch.cat(both, 1))))

    return train(shapes, predictions)


def normalised(w, name, x, width):
    return functional.layer_norm(x, [width], w[f"{name}/gamma"], w[f"{name}/beta"], 1e-5)


def bst_kmeans():
    width, length, heads = 4, 3, 2
    places = length + 1
    shapes = {**content_shapes(width), "items/embedding": [ITEMS, width], "users/field-1/embedding": [3, 16]}
    shapes.update({**dense_shapes("item", 3 * width, width), **dense_shapes("rating", 2, width), "places": [places, width]})
    for part in ("query", "key", "value", "mixed"):
        shapes.update(dense_shapes(f"block-1/{part}", width, width))
    shapes.update({**dense_shapes("block-1/inner", width, width), **dense_shapes("block-1/outer", width, width)})
    for name in ("read", "block-1/attended", "block-1/done"):
        shapes.update({f"{name}/gamma": [width], f"{name}/beta": [width]})
    shapes.update({**dense_shapes("dense-1", places * width + 16, 5), **dense_shapes("output", 5, 1)})
    # The running mean and variance take numbers too, but a step in training has its own.
    shapes.update({f"dense-1/normalisation/{part}": [5] for part in ("gamma", "beta", "mean", "variance")})

    def predictions(w):
        table = torch.cat([w["items/embedding"], *content(w)], 1)
        out = []
        for row in BATCH:
            user, target, _ = ROWS[row]
            before = [(i, (r - MEAN) / 2, 1.0) for u, i, r in ROWS[:row] if u == user][-length:]
            read = before + [(target, 0.0, 0.0)]
            x = torch.relu(dense(w, "item", table[[i for i, _, _ in read]]))
            x = x + dense(w, "rating", torch.tensor([[r, has] for _, r, has in read]))
            x = normalised(w, "read", x + w["places"][places - len(read) :], width)
            # What is outside of the history is read by nobody, but goes on to the dense layers.
            pad = places - len(read)
            nothing = torch.relu(dense(w, "item", torch.cat([torch.zeros(1, width), *(part[:1] for part in content(w))], 1)))
            nothing = nothing + w["rating/bias"]
            filler = normalised(w, "read", nothing + w["places"][:pad], width) if pad else torch.zeros(0, width)
            x = torch.cat([filler, x])
            count = places
            q, k, v = (dense(w, f"block-1/{part}", x).reshape(count, heads, width // heads).transpose(0, 1) for part in ("query", "key", "value"))
            match = q @ k.transpose(1, 2) / (width // heads) ** 0.5
            match[:, :, :pad] = -torch.inf
            mixed = (torch.softmax(match, -1) @ v).transpose(0, 1).reshape(count, width)
            x = normalised(w, "block-1/attended", x + dense(w, "block-1/mixed", mixed), width)
            inner = functional.gelu(dense(w, "block-1/inner", x), approximate="tanh")
            x = normalised(w, "block-1/done", x + dense(w, "block-1/outer", inner), width)
            out.append(torch.cat([x.reshape(-1), field(w, [user])[0]]))
        sums = dense(w, "dense-1", torch.stack(out))
        name = "dense-1/normalisation"
        sums = functional.batch_norm(sums, None, None, w[f"{name}/gamma"], w[f"{name}/beta"], True, eps=EPSILON)
        return dense(w, "output", functional.leaky_relu(sums, 0.3))

    return train(shapes, predictions)


EPSILON = 1e-3
found = {"gat": gat(), "multimodal-cnn": multimodal_cnn(), "bst-kmeans": bst_kmeans()}
Path(__file__).with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n")
