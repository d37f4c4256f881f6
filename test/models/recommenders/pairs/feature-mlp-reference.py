# feature-mlp in NumPy, for reference.test.ts: python3 feature-mlp-reference.py writes
# feature-mlp-reference.json, the losses of three steps of Adam. Gradients are central differences
# in float64, so that no derivative is taken from anywhere.
import json
from pathlib import Path

import numpy as np

USERS, ITEMS, LOW, HIGH, WIDTH, HIDDEN, FIELD = 7, 9, 1, 5, 4, 5, 16


def numbers(seed):  # numbersOf(seed) of the tests (Park and Miller)
    state = seed
    while True:
        state = (state * 48271) % 2147483647
        yield state / 2147483647


def float32(value):
    return float(np.float32(value))


draw = numbers(11)
ROWS = [(u, i, 1 + int(next(draw) * 5)) for u in range(USERS) for i in range(ITEMS) if next(draw) < 0.6]
MEAN = sum(r for _, _, r in ROWS) / len(ROWS)
BATCH = ROWS[::2]
PEOPLE = np.array([u for u, _, _ in BATCH])
THINGS = np.array([i for _, i, _ in BATCH])
TARGETS = np.array([[float(r)] for _, _, r in BATCH])
other = numbers(23)
VECTORS = np.array([[0.0] * 3 if i == 0 else [float32(2 * next(other) - 1) for _ in range(3)] for i in range(ITEMS)])
PRESENT = np.array([[0.0 if i == 0 else 1.0] for i in range(ITEMS)])
GENRES = np.array([[float((i >> bit) % 2) for bit in range(3)] for i in range(ITEMS)])
YEARS = np.array([[0.0, 0.0] if i == 0 else [float32((1980 + i - 1990) / 10), 1.0] for i in range(ITEMS)])
FIELDS = np.array([u % 3 for u in range(USERS)])


def own_ratings(position):  # the mean of the user's half of the ratings without the one that is learnt
    own = [at for at, (u, _, _) in enumerate(ROWS) if u == BATCH[position][0]]
    half = own.index(2 * position) % 2
    others = [ROWS[at][2] for at in own[1 - half :: 2]]
    level = (sum(others) / len(others) - MEAN) / (HIGH - LOW) if others else 0
    return [float32(level), float32(np.log1p(len(own)) / 5)]


OWN = np.array([own_ratings(position) for position in range(len(BATCH))])


# When each was rated: BATCH has every second row, whose times are 50,000 seconds apart, from a Thursday.
TIMES = [50_000 * at for at in range(len(ROWS))]
FIRST = {u: min(t for t, (v, _, _) in zip(TIMES, ROWS) if v == u) for u in range(USERS)}


def one_hot(value, bucket, buckets):
    return [float32(value)] + [float(each == bucket) for each in range(buckets)]


def since_first(time, user):
    seconds = time - FIRST[user]
    bucket = sum(seconds >= end for end in (3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400))
    return one_hot(np.log1p(seconds / 86400) / 8, bucket, 6)


BATCH_TIMES = TIMES[::2]
SINCE = np.array([since_first(t, u) for t, (u, _, _) in zip(BATCH_TIMES, BATCH)])
HOUR = np.array([one_hot(t / 3600 % 24 / 24, t // 3600 % 24, 24) for t in BATCH_TIMES])
WEEKDAY = np.array([one_hot((t / 86400 + 3) % 7 / 7, (t // 86400 + 3) % 7, 7) for t in BATCH_TIMES])


def dense(name, inputs, outputs):
    return {f"{name}/kernel": [inputs, outputs], f"{name}/bias": [outputs]}


SHAPES = {
    "users/embedding": [USERS, WIDTH],
    "items/embedding": [ITEMS, WIDTH],
    **dense("user-ratings", 2, WIDTH),
    **dense("since-first", 7, WIDTH),
    **dense("hour", 25, WIDTH),
    **dense("weekday", 8, WIDTH),
    "users/field-1/embedding": [3, FIELD],
    **dense("content/visual", 3, WIDTH),
    "content/visual/missing": [1, WIDTH],
    **dense("content/genres", 3, WIDTH),
    **dense("content/year", 2, WIDTH),
    **dense("dense-1", 9 * WIDTH + FIELD, HIDDEN),
    **dense("output", HIDDEN, 1),
}


def layer(weights, name, x):
    return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]


def relu(x):
    return np.maximum(x, 0)


def loss(weights):
    visual = relu(layer(weights, "content/visual", VECTORS)) * PRESENT + (1 - PRESENT) @ weights["content/visual/missing"]
    x = np.concatenate(
        [
            weights["users/embedding"][PEOPLE],
            weights["items/embedding"][THINGS],
            relu(layer(weights, "user-ratings", OWN)),
            relu(layer(weights, "since-first", SINCE)),
            relu(layer(weights, "hour", HOUR)),
            relu(layer(weights, "weekday", WEEKDAY)),
            weights["users/field-1/embedding"][FIELDS[PEOPLE]],
            visual[THINGS],
            relu(layer(weights, "content/genres", GENRES))[THINGS],
            relu(layer(weights, "content/year", YEARS))[THINGS],
        ],
        axis=1,
    )
    x = layer(weights, "output", relu(layer(weights, "dense-1", x)))
    return float(((LOW + (HIGH - LOW) / (1 + np.exp(-x)) - TARGETS) ** 2).mean())


def gradients(weights, step=1e-6):
    found = {}
    for name, values in weights.items():
        found[name] = np.zeros_like(values)
        for place in np.ndindex(values.shape):
            kept = values[place]
            values[place] = kept + step
            above = loss(weights)
            values[place] = kept - step
            found[name][place] = (above - loss(weights)) / (2 * step)
            values[place] = kept
    return found


draw = numbers(5)
weights = {
    name: np.array([float32(0.8 * (next(draw) - 0.5)) for _ in range(int(np.prod(SHAPES[name])))]).reshape(SHAPES[name])
    for name in sorted(SHAPES)
}
first = {name: np.zeros_like(values) for name, values in weights.items()}
second = {name: np.zeros_like(values) for name, values in weights.items()}
losses = []
for step in range(1, 4):
    losses.append(loss(weights))
    for name, gradient in gradients(weights).items():
        first[name] = 0.9 * first[name] + 0.1 * gradient
        second[name] = 0.999 * second[name] + 0.001 * gradient**2
        rate = 0.01 / (1 - 0.9**step)
        weights[name] -= rate * first[name] / (np.sqrt(second[name] / (1 - 0.999**step)) + 1e-7)

target = Path(__file__).with_name("feature-mlp-reference.json")
target.write_text(json.dumps({"feature-mlp": [round(value, 8) for value in losses]}) + "\n")
