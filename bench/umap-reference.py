"""Layouts by umap-learn and by scikit-learn's t-SNE compared with ours, all with scikit-learn's trustworthiness.

    node dist/bench/umap.js --rows 5000 --save DIR && python3 bench/umap-reference.py DIR/5000

Debian: apt-get install umap-learn python3-sklearn.
"""
import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.manifold import TSNE, trustworthiness
from umap import UMAP

directory = Path(sys.argv[1])
dimension = json.loads((directory / "shape.json").read_text())["dimension"]
rows = np.fromfile(directory / "rows.f32", dtype=np.float32).reshape(-1, dimension)
ours = np.fromfile(directory / "plane.f64").reshape(-1, 2)


def tell(name, plane, seconds=None):
    kept = trustworthiness(rows, plane, n_neighbors=15)
    missed = trustworthiness(plane, rows, n_neighbors=15)
    took = "" if seconds is None else f", {seconds:.1f} CPU s"
    print(f"{name}: trustworthiness {kept:.4f}, continuity {missed:.4f}{took}", flush=True)


def timed(name, make):
    start = time.process_time()
    plane = make()
    tell(name, plane, time.process_time() - start)


tell("reelflow", ours)
timed("umap-learn", lambda: UMAP(n_neighbors=15, min_dist=0.1, random_state=1).fit_transform(rows))
timed("scikit-learn t-SNE", lambda: TSNE(init="pca", random_state=1).fit_transform(rows))
