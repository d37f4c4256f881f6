# Differentially private steps without noise in NumPy, for private-training.test.ts:
# python3 private-reference.py writes private-reference.json, the losses of three steps of Adam on
# mean + b_u + b_i + p.q, each user's gradient shortened to the length 0.1.
import json
from pathlib import Path

import numpy as np

USERS, ITEMS, WIDTH, CLIP, MIDDLE = 7, 9, 3, 0.1, 3.0


def numbers(seed):  # numbersOf(seed) of the tests (Park and Miller)
    state = seed
    while True:
        state = (state * 48271) % 2147483647
        yield state / 2147483647


draw, rows = numbers(11), []
for user in range(USERS):
    for item in range(ITEMS):
        if next(draw) < 0.6:
            rows.append((user, item, 1 + int(next(draw) * 5)))
shapes = {
    "collaborative/item-biases": (ITEMS, 1),
    "collaborative/items": (ITEMS, WIDTH),
    "collaborative/user-biases": (USERS, 1),
    "collaborative/users": (USERS, WIDTH),
}
draw = numbers(5)
weights = {
    name: np.array([float(np.float32(0.8 * (next(draw) - 0.5))) for _ in range(a * b)]).reshape(a, b)
    for name, (a, b) in sorted(shapes.items())
}
first = {name: np.zeros_like(value) for name, value in weights.items()}
second = {name: np.zeros_like(value) for name, value in weights.items()}
losses = []
for step in range(1, 4):
    total = {name: np.zeros_like(value) for name, value in weights.items()}
    loss_sum = 0.0
    bi, q, bu, p = (weights[name] for name in sorted(shapes))
    for user in range(USERS):
        own = [(i, r) for u, i, r in rows if u == user]
        gradient = {name: np.zeros_like(value) for name, value in weights.items()}
        for item, rating in own:
            error = MIDDLE + bu[user, 0] + bi[item, 0] + p[user] @ q[item] - rating
            loss_sum += error**2 / len(own)
            slope = 2 * error / len(own)
            gradient["collaborative/user-biases"][user, 0] += slope
            gradient["collaborative/item-biases"][item, 0] += slope
            gradient["collaborative/users"][user] += slope * q[item]
            gradient["collaborative/items"][item] += slope * p[user]
        length = np.sqrt(sum((value**2).sum() for value in gradient.values()))
        for name, value in gradient.items():
            total[name] += value * min(1, CLIP / length)
    losses.append(loss_sum / USERS)
    for name, value in total.items():
        value = value / USERS + 2 * 0.01 * weights[name]  # L2 of 0.01 behind the clipping
        first[name] = 0.9 * first[name] + 0.1 * value
        second[name] = 0.999 * second[name] + 0.001 * value**2
        mean, square = first[name] / (1 - 0.9**step), second[name] / (1 - 0.999**step)
        weights[name] = weights[name] - 0.05 * mean / (np.sqrt(square) + 1e-7)
Path(__file__).with_name("private-reference.json").write_text(json.dumps({"losses": losses}) + "\n")
