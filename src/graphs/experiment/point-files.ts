import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, replaceFile } from '../../core/atomic-file.ts';
import type { RatingTable } from '../../io/ratings/rating-table.ts';
import type { Experiment } from './experiment-config.ts';
import { type ExperimentPoint, pointName } from './experiment-points.ts';
import { writePredictions, writePredictionsCsv } from './prediction-files.ts';
import type { RowScores } from './score-rows.ts';
import { type PointUsers, readUsersArrow, usersArrow, usersCsv } from './user-files.ts';

/**
 * The files of a point in addition to its results: the values of each user and, if requested,
 * predictions.
 */
export class PointFiles {
  readonly #directory: string;
  readonly #wanted: Pick<Experiment, 'predictions' | 'csv'>;

  constructor(directory: string, wanted: Pick<Experiment, 'predictions' | 'csv'>) {
    this.#directory = directory;
    this.#wanted = wanted;
  }

  /** Whether every requested file of a point exists. */
  has(point: ExperimentPoint): boolean {
    return this.#paths(point).every((path) => existsSync(path));
  }

  /** Writes the requested files of a point, replacing existing ones. */
  async write(point: ExperimentPoint, { userMetrics, rows }: RowScores, ids: RatingTable): Promise<void> {
    const { predictions, csv } = this.#wanted;
    const users = {
      userIds: Array.from(userMetrics.users, (user) => ids.userIds[user] as string),
      values: userMetrics.values,
    };
    await replaceFile(this.#path('users', point, 'arrow'), usersArrow(point, users));
    if (csv) await replaceFile(this.#path('users', point, 'csv'), usersCsv(point, users));
    if (!predictions) return;
    await makeDirectory(join(this.#directory, 'predictions'));
    await writePredictions(this.#path('predictions', point, 'parquet'), rows, ids);
    if (csv) await writePredictionsCsv(this.#path('predictions', point, 'csv'), rows, ids);
  }

  /** The values of each user at a computed point. */
  async readUsers(point: ExperimentPoint): Promise<PointUsers> {
    const path = this.#path('users', point, 'arrow');
    return readUsersArrow(await readFile(path), path);
  }

  #paths(point: ExperimentPoint): string[] {
    const { predictions, csv } = this.#wanted;
    return [
      this.#path('users', point, 'arrow'),
      ...(csv ? [this.#path('users', point, 'csv')] : []),
      ...(predictions ? [this.#path('predictions', point, 'parquet')] : []),
      ...(predictions && csv ? [this.#path('predictions', point, 'csv')] : []),
    ];
  }

  #path(directory: 'users' | 'predictions', point: ExperimentPoint, kind: string): string {
    return join(this.#directory, directory, `${pointName(point)}.${kind}`);
  }
}
