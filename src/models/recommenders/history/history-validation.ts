import type { Trainer } from '../../autodiff/trainer.ts';
import type { JudgedBatch } from '../../autodiff/trainer-options.ts';
import type { Predicts, TrainingRatings } from '../recommender.ts';
import type { Histories, History } from './histories.ts';
import type { HistoryNetwork } from './history-network.ts';
import { type Judged, judgeList, judgeRatings } from './judgements.ts';

/** Maximum number of values in an output: 16 MiB. */
const outputNumbers = 1 << 22;

/** A network, and what is known when it is validated. */
export interface JudgedHistories {
  readonly network: HistoryNetwork;
  readonly histories: Histories;
  /** 1 for each item (user) in an output that has training ratings. */
  readonly learntColumns: Uint8Array;
  /** 1 for each that has training ratings or known content. */
  readonly knownColumns: Uint8Array;
}

/** How many rows of this width are predicted in one run. */
export function rowsAtOnce(width: number): number {
  return Math.max(1, Math.min(256, Math.floor(outputNumbers / width)));
}

/** The validation that decides when training stops; undefined if there is nothing to judge. */
export function historyValidation(
  predicts: Predicts,
  { network, histories, learntColumns, knownColumns }: JudgedHistories,
  { users, items, values }: Pick<TrainingRatings, 'users' | 'items' | 'values'>,
) {
  const [owners, columns] = network.side === 'users' ? [users, items] : [items, users];
  // For each history, the columns with training ratings, and the new ones.
  const judged = new Map<number, [Judged, Judged]>();
  for (const [row, owner] of owners.entries()) {
    const [column, value] = [columns[row] as number, values[row] as number];
    if (knownColumns[column] !== 1) continue;
    if (predicts === 'scores' && !network.isChosen(value)) continue;
    const parts = judged.get(owner) ?? [
      { columns: [], values: [] },
      { columns: [], values: [] },
    ];
    const own = parts[learntColumns[column] === 1 ? 0 : 1];
    own.columns.push(column);
    own.values.push(value);
    judged.set(owner, parts);
  }
  if (judged.size === 0) return undefined;
  const all = [...judged.keys()];
  const width = knownColumns.length;
  const atOnce = rowsAtOnce(width);
  const judge = predicts === 'scores' ? judgeList(network.listLength, learntColumns) : judgeRatings;
  return {
    *batches(buffers: Trainer['buffers']): Generator<JudgedBatch> {
      for (let from = 0; from < all.length; from += atOnce) {
        const part = all.slice(from, from + atOnce);
        const own = part.map((owner) => histories.of(owner));
        yield {
          rows: part.length,
          feeds: network.asked(own, buffers),
          judge: (predictions) => {
            let [wrong, judgements] = [0, 0];
            for (const [place, owner] of part.entries()) {
              const row = predictions.subarray(place * width, (place + 1) * width);
              for (const part of judged.get(owner) ?? []) {
                if (part.columns.length === 0) continue;
                const found = judge(row, part, own[place] as History);
                wrong += found.wrong;
                judgements += found.judgements;
              }
            }
            return { wrong, judgements };
          },
        };
      }
    },
  };
}

/** Fills unknown columns with the mean (ratings) or minimum (scores) of the known ones. */
export function fillUnknown(row: Float32Array, known: Uint8Array, predicts: Predicts): void {
  let [sum, count, least] = [0, 0, Number.POSITIVE_INFINITY];
  for (let column = 0; column < row.length; column++) {
    if (known[column] !== 1) continue;
    const value = row[column] as number;
    sum += value;
    count++;
    least = Math.min(least, value);
  }
  if (count === row.length || count === 0) return;
  const filling = predicts === 'ratings' ? sum / count : least;
  for (let column = 0; column < row.length; column++) if (known[column] !== 1) row[column] = filling;
}
