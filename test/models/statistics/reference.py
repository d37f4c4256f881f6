"""Reference p-values of SciPy: python3 reference.py > reference.json

Differences are rounded before they are ranked, as SciPy advises where values are computed.
"""
import json
import random
import scipy
from scipy import stats

random.seed(7)
cases = []
for count, digits in [(2, 6), (3, 6), (5, 6), (8, 6), (12, 6), (30, 6), (50, 6), (51, 6), (400, 6), (1500, 6), (20, 1), (60, 1)]:
    left = [round(random.gauss(0.8, 0.2), digits) for _ in range(count)]
    right = [round(value - random.gauss(0.02, 0.1), digits) for value in left]
    differences = [one - other for one, other in zip(left, right)]
    plain = digits > 1
    exact = plain and count <= 50
    wilcoxon = stats.wilcoxon([round(difference, 11) for difference in differences], zero_method='wilcox', correction=False, method='exact' if exact else 'asymptotic')
    t = stats.ttest_rel(left, right)
    interval = t.confidence_interval(0.95)
    flips = None
    if count <= 12:
        flips = stats.permutation_test(
            (left, right), lambda x, y: sum(x - y) / len(x), permutation_type='samples', n_resamples=10_000, vectorized=False
        ).pvalue
    cases.append({
        'left': left, 'right': right,
        't': [float(t.statistic), float(t.pvalue)], 'interval': [float(interval.low), float(interval.high)],
        'wilcoxon': [float(wilcoxon.statistic), float(wilcoxon.pvalue)],
        'randomisation': None if flips is None else float(flips),
    })
tails = [[t, df, float(2 * stats.t.sf(t, df))] for t in (0.001, 0.3, 1, 2.5, 7, 30) for df in (1, 2, 3, 10, 99, 400, 401, 5000, 138492)]
normal = [[z, float(2 * stats.norm.sf(z))] for z in (0, 0.01, 0.5, 1.3, 2.8, 2.83, 3, 5, 9, 20)]
print(json.dumps({'scipy': scipy.__version__, 'cases': cases, 'tails': tails, 'normal': normal}))
