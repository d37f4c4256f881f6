"""Ranking metrics by scikit-learn and numpy, as lists of scores and of what is relevant.

    apt-get install python3-sklearn
    /usr/bin/python3 test/models/metrics/reference/ranking.py > test/models/metrics/reference/ranking.json
"""

import json

import numpy as np
from sklearn.metrics import average_precision_score, ndcg_score, roc_auc_score

random = np.random.RandomState(7)
USERS, ITEMS, THRESHOLD = 12, 40, 3.5


def distinct_scores(count):
    """No two alike, so that no rule about ties decides."""
    return (random.permutation(10 * count)[:count] / (2 * count)).round(6)


def over_rated_items():
    rows, ndcg, precision, recall, auc, base, recommended = [], {}, {}, {}, [], [], []
    lists = []
    for user in range(USERS):
        items = np.sort(random.permutation(ITEMS)[: random.randint(3, 15)])
        ratings = random.randint(1, 11, len(items)) / 2
        ratings[0], ratings[1] = 5, 1  # both kinds for everybody
        predictions = distinct_scores(len(items))
        rows += [[user, int(i), float(r), float(p)] for i, r, p in zip(items, ratings, predictions)]
        lists.append((ratings, predictions))
    for k in (2, 4, 10):
        gains = [np.where(r > THRESHOLD, 2**r - 1, 0) for r, _ in lists]
        ndcg[k] = np.mean([ndcg_score([g], [p], k=k) for g, (_, p) in zip(gains, lists)])
        hits = []
        for ratings, predictions in lists:
            first = [n for n in np.argsort(-predictions)[:k] if predictions[n] > THRESHOLD]
            hits.append(sum(ratings[n] > THRESHOLD for n in first))
        recall[k] = np.mean([h / (r > THRESHOLD).sum() for h, (r, _) in zip(hits, lists)])
    auc = np.mean([roc_auc_score(r > THRESHOLD, p) for r, p in lists])
    base = np.mean([(r > THRESHOLD).mean() for r, _ in lists])
    empty = np.mean([not (p > THRESHOLD).any() for _, p in lists])
    expected = {
        "auc": auc,
        "baseRate": base,
        "withoutList": empty,
        "ranking": {str(k): {"ndcgRelevant": ndcg[k], "recall": recall[k]} for k in ndcg},
    }
    return {"rows": rows, "expected": expected}


def over_the_catalogue():
    state = random.choice(3, (USERS, ITEMS), p=[0.6, 0.25, 0.15])  # unseen, training, test
    state[0, state[0] == 2] = 0  # a user without test ratings
    scores = np.array([distinct_scores(ITEMS) for _ in range(USERS)])
    popularity = np.maximum((state == 1).sum(0), 1) / USERS
    expected = {}
    for k in (1, 5, 10, 50):
        per_user = {name: [] for name in ("recall", "recallAdjusted", "precision", "ndcg", "hitRate", "mrr", "map")}
        listed, novelty = set(), []
        for user in range(USERS):
            relevant = state[user] == 2
            if not relevant.any():
                continue
            candidates = np.flatnonzero(state[user] != 1)
            truth, score = relevant[candidates].astype(float), scores[user, candidates]
            order = np.argsort(-score)[:k]
            hit = truth[order]
            per_user["recall"].append(hit.sum() / truth.sum())
            per_user["recallAdjusted"].append(hit.sum() / min(k, truth.sum()))
            per_user["precision"].append(hit.sum() / k)
            per_user["ndcg"].append(ndcg_score([truth], [score], k=k))
            per_user["hitRate"].append(float(hit.any()))
            per_user["mrr"].append(1 / (np.flatnonzero(hit)[0] + 1) if hit.any() else 0)
            precisions = np.cumsum(hit) / np.arange(1, len(hit) + 1)
            cut = (precisions * hit).sum() / min(k, truth.sum())
            if k >= len(candidates):
                assert abs(cut - average_precision_score(truth, score)) < 1e-12
            per_user["map"].append(cut)
            listed |= set(candidates[order])
            novelty.append(np.mean(-np.log2(popularity[candidates[order]])))
        expected[str(k)] = {name: np.mean(values) for name, values in per_user.items()}
        expected[str(k)] |= {"coverage": len(listed) / ITEMS, "novelty": np.mean(novelty)}
    return {"state": state.tolist(), "scores": scores.tolist(), "expected": expected}


print(json.dumps({"rated": over_rated_items(), "catalogue": over_the_catalogue()}))
