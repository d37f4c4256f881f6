# Off-policy estimates in NumPy, for off-policy.test.ts: python3 off-policy-reference.py writes
# off-policy-reference.json.
import json
from pathlib import Path

import numpy as np


def numbers(seed):  # numbersOf(seed) of the tests (Park and Miller)
    state = seed
    while True:
        state = (state * 48271) % 2147483647
        yield state / 2147483647


draw = numbers(31)
rows = np.array([[next(draw) for _ in range(5)] for _ in range(60)])
reward, target, predicted, expected = 5 * rows[:, 0], rows[:, 2], 5 * rows[:, 3], 5 * rows[:, 4]
propensity = 0.02 + 0.98 * rows[:, 1]
found = {}
for clip in [1e300, 2.0]:
    weight = np.minimum(target / propensity, clip)
    self = (weight * reward).sum() / weight.sum()
    error = np.sqrt(((weight * (reward - self)) ** 2).sum() * len(reward) / (len(reward) - 1)) / weight.sum()
    robust = expected + weight * (reward - predicted)
    found["all" if clip > 1e9 else "clipped"] = {
        "ips": (weight * reward).mean(),
        "ipsError": (weight * reward).std(ddof=1) / np.sqrt(len(reward)),
        "snips": self,
        "snipsError": error,
        "doublyRobust": robust.mean(),
        "robustError": robust.std(ddof=1) / np.sqrt(len(reward)),
        "effectiveSampleSize": weight.sum() ** 2 / (weight**2).sum(),
        "clipped": float((target / propensity > clip).mean()),
    }
Path(__file__).with_name("off-policy-reference.json").write_text(json.dumps(found, indent=2) + "\n")
