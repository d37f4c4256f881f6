# One round of federated averaging in NumPy, for federated.test.ts:
# python3 federated-reference.py writes federated-reference.json.
import json
from pathlib import Path

import numpy as np

ITEMS, WIDTH, RATE, DECAY, BASE = 4, 3, 0.1, 0.05, 3.0


def numbers(seed):  # numbersOf(seed) of the tests (Park and Miller)
    state = seed
    while True:
        state = (state * 48271) % 2147483647
        yield state / 2147483647


draw = numbers(7)
weights = np.array([next(draw) - 0.5 for _ in range(ITEMS * WIDTH)]).reshape(ITEMS, WIDTH)
clients = []
for users in (1, 2):
    own = np.array([next(draw) - 0.5 for _ in range(users * WIDTH)]).reshape(users, WIDTH)
    rows = [(u, i, 1 + int(next(draw) * 5)) for u in range(users) for i in range(ITEMS) if next(draw) < 0.7]
    clients.append((own, rows))
changes, counts = [], []
for own, rows in clients:
    copy = weights.copy()
    for _ in range(2):
        for user, item, rating in rows:
            p, q = own[user].copy(), copy[item].copy()
            error = rating - BASE - p[-1] - q[-1] - p[:-1] @ q[:-1]
            own[user, :-1] += RATE * (error * q[:-1] - DECAY * p[:-1])
            copy[item, :-1] += RATE * (error * p[:-1] - DECAY * q[:-1])
            own[user, -1] += RATE * (error - DECAY * p[-1])
            copy[item, -1] += RATE * (error - DECAY * q[-1])
    changes.append(copy - weights)
    counts.append(len(rows))
out = {
    "changes": [c.ravel().tolist() for c in changes],
    "own": [own.ravel().tolist() for own, _ in clients],
    "mean": (sum(n * c for n, c in zip(counts, changes)) / sum(counts)).ravel().tolist(),
}
Path(__file__).with_name("federated-reference.json").write_text(json.dumps(out) + "\n")
