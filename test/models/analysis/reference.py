"""Values of numpy and scipy for analysis.test.ts: python3 reference.py > reference.json

The points are made of a linear congruential generator, so that the test makes the same.
"""
import json
import numpy as np
from scipy.ndimage import gaussian_filter1d

STATE = 1


def draws(count):
    global STATE
    values = np.empty(count)
    for at in range(count):
        STATE = (STATE * 1103515245 + 12345) % 2147483648
        values[at] = STATE / 2147483648
    return values


def sample(count, dimension, centre, spread):
    return centre + spread * (draws(count * dimension).reshape(count, dimension) - 0.5)


def inner(points):
    offsets = points - np.median(points, axis=0)
    inverse = np.linalg.inv(np.cov(points.T))
    distances = np.einsum("ij,jk,ik->i", offsets, inverse, offsets)
    kept = np.argsort(distances, kind="stable")[: -(-len(points) // 3)]
    return points[np.sort(kept)]


def between(points):
    low, high = np.percentile(points, [33, 67], axis=0)
    return points[((points >= low) & (points <= high)).all(axis=1)]


def coefficient(left, right):
    s1, s2 = np.cov(left.T), np.cov(right.T)
    s = (s1 + s2) / 2
    apart = left.mean(axis=0) - right.mean(axis=0)
    d = apart @ np.linalg.solve(s, apart) / 8
    d += 0.5 * (np.linalg.slogdet(s)[1] - 0.5 * (np.linalg.slogdet(s1)[1] + np.linalg.slogdet(s2)[1]))
    return float(np.exp(-d))


def distances(points):
    return np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))


def trust(data, embedding, k):
    n = len(data)
    own, near = distances(data), distances(embedding)
    total = 0.0
    for row in range(n):
        order = [other for other in np.argsort(own[row], kind="stable") if other != row]
        rank = {other: place + 1 for place, other in enumerate(order)}
        claimed = [other for other in np.argsort(near[row], kind="stable") if other != row][:k]
        total += sum(max(0, rank[other] - k) for other in claimed)
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total


def silhouette(points, groups):
    apart = distances(points)
    values = []
    for row in range(len(points)):
        mine = groups == groups[row]
        within = apart[row][mine].sum() / (mine.sum() - 1)
        others = min(apart[row][groups == g].mean() for g in set(groups) if g != groups[row])
        values.append((others - within) / max(within, others))
    return float(np.mean(values))


def overlapping(points, groups):
    """Every point once for each of its groups; its groups are not among the others."""
    apart = distances(points)
    members = [groups == g for g in range(3)] + [groups < 2]
    values = []
    for row in range(len(points)):
        own = [mine for mine in members if mine[row]]
        nearest = min(apart[row][mine].mean() for mine in members if not mine[row])
        for mine in own:
            within = apart[row][mine].sum() / (mine.sum() - 1)
            values.append((nearest - within) / max(within, nearest))
    return float(np.mean(values))


def density(points, x, y, cells):
    counts = np.histogram2d(points[:, 1], points[:, 0], bins=cells, range=[y, x])[0]
    width = points.std(axis=0, ddof=1) * len(points) ** (-1 / 6)
    along_x, along_y = width[0] * cells / (x[1] - x[0]), width[1] * cells / (y[1] - y[0])
    smooth = gaussian_filter1d(counts, along_x, axis=1, mode="constant", radius=int(np.ceil(4 * along_x)))
    smooth = gaussian_filter1d(smooth, along_y, axis=0, mode="constant", radius=int(np.ceil(4 * along_y)))
    return smooth / smooth.sum()


left = sample(60, 2, np.array([0.0, 0.0]), np.array([1.0, 2.0]))
right = sample(45, 2, np.array([0.3, -0.2]), np.array([2.0, 1.0]))
ten = sample(90, 10, np.zeros(10), np.ones(10))
eleven = sample(90, 10, np.full(10, 0.05), np.linspace(0.5, 1.5, 10))
data = sample(80, 6, np.zeros(6), np.array([3.0, 2.0, 1.0, 0.5, 0.2, 0.1]))
groups = np.arange(80) % 3
shown = density(left, (-1.0, 1.0), (-1.5, 1.5), 32)
print(
    json.dumps(
        {
            "nearest": coefficient(inner(left), inner(right)),
            "axis": coefficient(between(left), between(right)),
            "ten": coefficient(inner(ten), inner(eleven)),
            "trustworthiness": trust(data, data[:, :2], 7),
            "continuity": trust(data[:, :2], data, 7),
            "silhouette": silhouette(data, groups),
            "overlapping": overlapping(data, groups),
            "density": {"peak": float(shown.max()), "at": [int(v) for v in np.unravel_index(shown.argmax(), shown.shape)], "row": shown[16].tolist()},
        },
        indent=2,
    )
)
