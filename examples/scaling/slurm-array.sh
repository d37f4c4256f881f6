#!/bin/bash
# Eight shards of one corpus, each a task of an array, on a file system that all nodes share.
#   sbatch slurm-array.sh
# To run one task again: sbatch --array=3 slurm-array.sh (its number is used unchanged, because the count is stated).
#SBATCH --job-name=reelflow-extract
#SBATCH --array=0-7
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=12:00:00
#SBATCH --requeue
# Signals five minutes before the time is up, so that the videos in progress are finished.
#SBATCH --signal=B:TERM@300
set -euo pipefail
export REELFLOW_WEIGHTS_DIR=/data/weights
exec reelflow extract /data/trailers --out /data/features --shard auto/8 --steal --memory 3GiB --allow-dead
