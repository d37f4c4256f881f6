"""Ranking metrics by scikit-learn and numpy, as lists of scores and of what is relevant.

    apt-get install python3-sklearn
    /usr/bin/python3 test/models/metrics/reference/ranking.py > test/models/metrics/reference/ranking.json
"""

import json

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    mean_absolute_error,
    mean_squared_error,
    ndcg_score,
    precision_recall_fscore_support,
    roc_auc_score,
)
from sklearn.metrics.pairwise import cosine_similarity

random = np.random.RandomState(7)
USERS, ITEMS, THRESHOLD = 12, 40, 3.5
GENRES = np.array([[(item * 7 + genre * 3) % 5 < 2 for genre in range(4)] for item in range(ITEMS)], float)


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
    true, predicted = (np.array([row[at] for row in rows]) for at in (2, 3))
    recommended = [
        [n for n in np.argsort(-p) if p[n] > THRESHOLD] for _, p in lists
    ]
    first, owners, tested = 0, [], {row[1] for row in rows}
    for ratings, _ in lists:
        owners.append([row[1] for row in rows[first : first + len(ratings)]])
        first += len(ratings)
    expected = {
        "mae": mean_absolute_error(true, predicted),
        "mse": mean_squared_error(true, predicted),
        "rmse": mean_squared_error(true, predicted) ** 0.5,
        "nmae": mean_absolute_error(true, predicted) / 4.5,
        "nrmse": mean_squared_error(true, predicted) ** 0.5 / 4.5,
        "auc": auc,
        "baseRate": base,
        "withoutList": empty,
        "averageRecommended": np.mean([len(own) for own in recommended]),
        "averageRelevant": np.mean([(r > THRESHOLD).sum() for r, _ in lists]),
        **of_lists(recommended, owners, tested, None),
        "ranking": {
            str(k): {
                "ndcgRelevant": ndcg[k],
                "recall": recall[k],
                **first_items(lists, recommended, k),
                **of_lists(recommended, owners, tested, k),
            }
            for k in ndcg
        },
    }
    return {"rows": rows, "genres": GENRES.astype(int).tolist(), "expected": expected}


def first_items(lists, recommended, k):
    """A user without a recommended item counts 0."""
    found = {name: [] for name in ("precision", "recallAdjusted", "mrr", "map", "mapN", "ndcg", "ndcgLinear")}
    for (ratings, predictions), own in zip(lists, recommended):
        relevant, top = ratings > THRESHOLD, own[:k]
        chosen = np.zeros(len(ratings), bool)
        chosen[top] = True
        precision, recall, _, _ = precision_recall_fscore_support(relevant, chosen, average="binary", zero_division=0)
        found["precision"].append(precision)
        found["recallAdjusted"].append(recall * relevant.sum() / min(k, relevant.sum()))
        ranks = [at + 1 for at, n in enumerate(top) if relevant[n]]
        found["mrr"].append(1 / ranks[0] if ranks else 0)
        # scikit-learn divides by the relevant items of the list itself.
        average = average_precision_score(relevant[top], predictions[top]) * len(ranks) if ranks else 0
        found["map"].append(average / min(k, relevant.sum()))
        found["mapN"].append(average / len(top) if top else 0)
        found["ndcg"].append(ndcg_score([2**ratings - 1], [predictions], k=k))
        found["ndcgLinear"].append(ndcg_score([ratings], [predictions], k=k))
    means = {name: np.mean(values) for name, values in found.items()}
    p, r = means["precision"], means["recallAdjusted"]
    return {**means, "f1": 2 * p * r / (p + r)}


def of_lists(recommended, owners, tested, k):
    lists = [[items[n] for n in own[:k]] for own, items in zip(recommended, owners)]
    vectors = np.zeros((USERS, ITEMS))
    for user, own in enumerate(lists):
        vectors[user, own] = 1
    alike = cosine_similarity(vectors)[np.triu_indices(USERS, 1)]
    both_empty = [not a and not b for at, a in enumerate(lists) for b in lists[at + 1 :]]
    apart = []
    for own in lists:
        pairs = np.triu_indices(len(own), 1)
        apart.append(np.mean(1 - cosine_similarity(GENRES[own])[pairs]) if len(own) > 1 else 0)
    return {
        "coverage": len({item for own in lists for item in own}) / len(tested),
        "personalisation": np.mean(np.where(both_empty, 0, 1 - alike)),
        "diversity": np.mean(apart),
    }


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


def with_ties():
    """Scores of a few values. Of two alike the item of the lesser number stands first."""
    random = np.random.RandomState(11)
    rows, half, ranked, constant = [], [], [], []
    for user in range(USERS):
        items = np.sort(random.permutation(ITEMS)[: random.randint(4, 15)])
        ratings = random.randint(1, 11, len(items)) / 2
        ratings[0], ratings[1] = (5, 1) if user != 1 else (5, 5)
        if user == 1:
            ratings[:] = 5  # one kind alone has no area
        scores = random.randint(4, 9, len(items)) / 2
        if user in (1, 4, 7):
            scores[:] = scores[0]
        rows += [[user, int(i), float(r), float(s)] for i, r, s in zip(items, ratings, scores)]
        constant.append(np.ptp(scores) == 0)
        relevant = ratings > THRESHOLD
        if relevant.all() or not relevant.any():
            continue
        half.append(roc_auc_score(relevant, scores))
        places = np.empty(len(items))
        places[np.lexsort((items, -scores))] = np.arange(len(items), 0, -1)
        ranked.append(roc_auc_score(relevant, places))
    expected = {"auc": np.mean(half), "aucRanked": np.mean(ranked), "constant": np.mean(constant)}
    return {"rows": rows, "expected": expected}


print(json.dumps({"rated": over_rated_items(), "catalogue": over_the_catalogue(), "tied": with_ties()}))
