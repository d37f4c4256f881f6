# The losses of neural recommenders by their definitions, pair by pair, for loss-reference.test.ts:
# python3 loss-reference.py writes loss-reference.json.
import json
from pathlib import Path

import numpy as np

users = np.array([0, 1, 0, 0, 1, 2, 1, 0, 2, 1])
ratings = np.array([3.0, 5.0, 4.5, 1.0, 4.0, 2.0, 4.0, 3.0, 5.0, 0.5])
scores = np.array([2.9, 3.1, 2.2, 3.4, 3.1, 1.7, 4.8, 0.6, 2.6, 4.0])  # two of user 1 are equal
weights = np.array([1.2, 0.8, 0.9, 1.4, 1.1, 0.6, 1.1, 1.2, 0.8, 0.9])
LOW, HIGH, MIX = 0.5, 5.0, 0.3
choices = np.where(ratings >= 4, HIGH, LOW)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def pairs(values):  # (a, b) of one user, a above b
    rows = range(len(values))
    return [(a, b) for a in rows for b in rows if users[a] == users[b] and values[a] > values[b]]


def squared(of=np.ones(len(users))):
    return float(np.mean(of * (scores - ratings) ** 2))


def bpr(values):
    return float(np.mean([-np.log(sigmoid(scores[a] - scores[b])) for a, b in pairs(values)]))


def ranks(values):  # within the user, highest first; of equal ones the earlier row
    result = np.zeros(len(values))
    for user in set(users):
        own = [row for row in range(len(values)) if users[row] == user]
        for rank, row in enumerate(sorted(own, key=lambda row: (-values[row], row)), start=1):
            result[row] = rank
    return result


def lambdarank(gains):
    discount, best = 1 / np.log2(1 + ranks(scores)), 1 / np.log2(1 + ranks(gains))
    loss = 0.0
    for a, b in pairs(gains):
        ideal = sum(gains[row] * best[row] for row in range(len(gains)) if users[row] == users[a])
        change = abs(gains[a] - gains[b]) * abs(discount[a] - discount[b]) / ideal
        loss += change * -np.log(sigmoid(scores[a] - scores[b]))
    return float(loss / len(set(users)))


def softmax(gains):
    loss = 0.0
    for user in set(users):
        own = users == user
        logs = scores[own] - np.log(np.sum(np.exp(scores[own])))
        loss -= np.sum(gains[own] / np.sum(gains[own]) * logs)
    return float(loss / len(set(users)))


def ordinal():
    between = LOW + 0.25 + 0.5 * np.arange(9)
    chances = sigmoid(2 * scores[:, None] - 2 * between)
    above = ratings[:, None] > between
    rows = -np.sum(np.where(above, np.log(chances), np.log(1 - chances)), axis=1)
    return {
        'ordinal': float(np.mean(rows)),
        'ordinal, weighted': float(np.mean(weights * rows)),
        'expected ratings': [float(value) for value in LOW + 0.5 * np.sum(chances, axis=1)],
    }


def log():
    place = (ratings - LOW) / (HIGH - LOW)
    chance = sigmoid(scores)
    return float(np.mean(-place * np.log(chance) - (1 - place) * np.log(1 - chance)))


gains = 2 ** (ratings - LOW + 1) - 1
chosen = choices - LOW
results = {
    'mse': squared(),
    'mse, weighted': squared(weights),
    'mixed': MIX * squared() + (1 - MIX) * bpr(ratings),
    'mixed, weighted': MIX * squared(weights) + (1 - MIX) * bpr(ratings),
    'bpr': bpr(ratings),
    'bpr of choices': bpr(choices),
    'lambdarank': lambdarank(gains),
    'lambdarank of choices': lambdarank(chosen),
    'softmax': softmax(gains),
    'softmax of choices': softmax(chosen),
    'log': log(),
    **ordinal(),
}
given = {name: values.tolist() for name, values in
         {'users': users, 'ratings': ratings, 'choices': choices, 'scores': scores, 'weights': weights}.items()}
Path(__file__).with_suffix('.json').write_text(json.dumps({**given, 'losses': results}, indent=1) + '\n')
