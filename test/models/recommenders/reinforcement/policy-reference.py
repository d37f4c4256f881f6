# A step of DDPG and of TD3 in NumPy, for policies.test.ts: python3 policy-reference.py writes
# policy-reference.json, the losses of the critics before three steps of Adam.
import json
from pathlib import Path

import numpy as np

ROWS, WIDTH, RECENT, HIDDEN, CANDIDATES, ITEMS = 5, 3, 2, 4, 4, 6
DISCOUNT, TAU, RATE = 0.9, 0.1, 0.01


def numbers(seed):  # numbersOf(seed) of the tests (Park and Miller)
    state = seed
    while True:
        state = (state * 48271) % 2147483647
        yield state / 2147483647


class Node:  # reverse-mode differentiation of matrices
    def __init__(self, value, parents=()):
        self.value, self.parents, self.gradient = np.asarray(value, float), parents, None

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) in seen:
                return
            seen.add(id(node))
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)

        visit(self)
        for node in order:
            node.gradient = np.zeros_like(node.value)
        self.gradient = np.ones_like(self.value)
        for node in reversed(order):
            for parent, rule in node.parents:
                parent.gradient += rule(node.gradient)


def dense(x, kernel, bias):
    return Node(
        x.value @ kernel.value + bias.value,
        ((x, lambda g: g @ kernel.value.T), (kernel, lambda g: x.value.T @ g), (bias, lambda g: g.sum(0))),
    )


def relu(x):
    return Node(np.maximum(x.value, 0), ((x, lambda g: g * (x.value > 0)),))


def tanh(x):
    y = np.tanh(x.value)
    return Node(y, ((x, lambda g: g * (1 - y * y)),))


def times(a, b):
    return Node(a.value * b.value, ((a, lambda g: g * b.value), (b, lambda g: g * a.value)))


def beside(parts):
    edges = np.cumsum([0] + [p.value.shape[1] for p in parts])
    return Node(
        np.concatenate([p.value for p in parts], 1),
        tuple((p, lambda g, a=a, b=b: g[:, a:b]) for p, a, b in zip(parts, edges, edges[1:])),
    )


def pooled(recent, pool):  # recent [rows, RECENT, WIDTH]
    return Node(
        np.einsum("rkw,k->rw", recent, pool.value[:, 0]),
        ((pool, lambda g: np.einsum("rkw,rw->k", recent, g)[:, None]),),
    )


def layers(w, taste, recent, action=None):
    mean = pooled(recent, w["pool"])
    parts = [Node(taste), times(Node(taste), mean), mean] + ([action] if action is not None else [])
    x = beside(parts)
    for name in ("dense-1", "dense-2"):
        x = relu(dense(x, w[name + "/kernel"], w[name + "/bias"]))
    return dense(x, w["output/kernel"], w["output/bias"])


def shapes(inputs, outputs):
    first = 3 * WIDTH + inputs
    return {
        "pool": (RECENT, 1), "dense-1/kernel": (first, HIDDEN), "dense-1/bias": (HIDDEN,),
        "dense-2/kernel": (HIDDEN, HIDDEN), "dense-2/bias": (HIDDEN,),
        "output/kernel": (HIDDEN, outputs), "output/bias": (outputs,),
    }


def losses(critics, delay, smoothing):
    names = {f"actor/{n}": s for n, s in shapes(0, WIDTH).items()}
    for c in range(critics):
        names.update({f"critic-{c + 1}/{n}": s for n, s in shapes(WIDTH, 1).items()})
    draw = numbers(5)
    weights = {n: np.array([np.float32(next(draw) - 0.5) for _ in range(int(np.prod(s)))], float).reshape(s) for n, s in sorted(names.items())}
    target = {n: np.zeros_like(v) for n, v in weights.items()}
    first = {n: np.zeros_like(v) for n, v in weights.items()}
    second = {n: np.zeros_like(v) for n, v in weights.items()}
    draw = numbers(17)
    some = lambda *shape: np.array([np.float32(2 * next(draw) - 1) for _ in range(int(np.prod(shape)))], float).reshape(shape)
    vectors, taste, recent = some(ITEMS, WIDTH), some(ROWS, WIDTH), some(ROWS, RECENT, WIDTH)
    rewards, noise, smooth = some(ROWS, CANDIDATES), some(ROWS, WIDTH), some(ROWS, WIDTH) * 0.2
    candidates = np.array([[(r + 2 * c) % ITEMS for c in range(CANDIDATES)] for r in range(ROWS)])
    inverse = np.stack([np.eye(WIDTH) * 0.5 + 0.1 for _ in range(ROWS)])
    goes_on = np.array([[0.0 if r == 1 else 1.0] for r in range(ROWS)])
    found = []
    for step in range(3):
        node = {n: Node(v) for n, v in weights.items()}
        part = lambda all_, prefix: {n[len(prefix):]: v for n, v in all_.items() if n.startswith(prefix)}
        frozen = {n: Node(v) for n, v in weights.items()}
        held = {n: Node(v) for n, v in target.items()}
        taken = np.clip(tanh(layers(part(frozen, "actor/"), taste, recent)).value + noise, -1, 1)
        near = vectors[candidates]
        best = np.einsum("rcw,rw->rc", near, taken).argmax(1)
        reward = rewards[np.arange(ROWS), best][:, None]
        picked = near[np.arange(ROWS), best]
        gain = np.einsum("rab,rb->ra", inverse, picked)
        error = reward - (taste * picked).sum(1, keepdims=True)
        after = taste + gain * error / (1 + (gain * picked).sum(1, keepdims=True))
        longer = np.concatenate([picked[:, None], recent[:, :-1]], 1)
        later = np.where(reward[:, :, None] > 0, longer, recent)
        action = tanh(layers(part(held, "target/actor/") or part(held, "actor/"), after, later)).value
        if smoothing:
            action = np.clip(action + smooth, -1, 1)
        value = np.min([layers(part(held, f"critic-{c + 1}/"), after, later, Node(action)).value for c in range(critics)], 0)
        wanted = reward + DISCOUNT * goes_on * value
        errors = [layers(part(node, f"critic-{c + 1}/"), taste, recent, Node(taken)) for c in range(critics)]
        found.append(float(sum(((e.value - wanted) ** 2).mean() for e in errors)))
        gradients = {n: np.zeros_like(v) for n, v in weights.items()}
        for e in errors:
            square = Node(((e.value - wanted) ** 2).mean(), ((e, lambda g, e=e: g * 2 * (e.value - wanted) / ROWS),))
            square.backward()
            for n in gradients:
                if node[n].gradient is not None:
                    gradients[n] += node[n].gradient
                    node[n].gradient = None
        if step % delay == 0:
            actor = {n: Node(v) for n, v in weights.items() if n.startswith("actor/")}
            plan = tanh(layers(part(actor, "actor/"), taste, recent))
            pleased = layers(part(frozen, "critic-1/"), taste, recent, plan)
            Node(-pleased.value.mean(), ((pleased, lambda g: -g * np.ones_like(pleased.value) / ROWS),)).backward()
            for n in actor:
                gradients[n] += actor[n].gradient
        tau = 1 if step == 0 else TAU if step % delay == 0 else 0
        for n in target:
            target[n] = target[n] + tau * (weights[n] - target[n])
        for n, g in gradients.items():
            first[n] = 0.9 * first[n] + 0.1 * g
            second[n] = 0.999 * second[n] + 0.001 * g * g
            mean, square = first[n] / (1 - 0.9 ** (step + 1)), second[n] / (1 - 0.999 ** (step + 1))
            weights[n] = weights[n] - RATE * mean / (np.sqrt(square) + 1e-7)
    return found


out = {"ddpg": losses(1, 1, False), "td3": losses(2, 2, True)}
Path(__file__).with_name("policy-reference.json").write_text(json.dumps(out) + "\n")
