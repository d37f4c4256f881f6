import type { History } from './histories.ts';

/** What a predicted row is judged by: positions in the row, and the ratings there. */
export interface Judged {
  readonly columns: number[];
  readonly values: number[];
}

/** Total error of a predicted row, and the number of judgements that it is a sum over. */
export interface Judgement {
  readonly wrong: number;
  readonly judgements: number;
}

/** Squared errors of predicted ratings. */
export function judgeRatings(row: Float32Array, { columns, values }: Judged): Judgement {
  let wrong = 0;
  for (const [place, column] of columns.entries()) {
    wrong += ((row[column] as number) - (values[place] as number)) ** 2;
  }
  return { wrong, judgements: columns.length };
}

/**
 * 1 - NDCG at `length` of the list of all items that are not in the history; the judged items are
 * the relevant ones. Items with training ratings are ranked among themselves, and so are new ones,
 * so that nothing is gained by telling the two apart. In a tie a judged item comes last: a constant
 * row finds nothing.
 *
 * @param learnt - 1 for each item with training ratings; all judged items are of one kind.
 */
export function judgeList(length: number, learnt: Uint8Array) {
  return (row: Float32Array, { columns }: Judged, { others }: History): Judgement => {
    const away = new Set([...others, ...columns]);
    const sort = learnt[columns[0] as number];
    const ranks = columns.map((column, place) => {
      const own = row[column] as number;
      let better = 0;
      for (let other = 0; other < row.length; other++) {
        if ((row[other] as number) >= own && learnt[other] === sort && !away.has(other)) better++;
      }
      for (const [at, other] of columns.entries()) {
        if ((row[other] as number) > own || ((row[other] as number) === own && at < place)) better++;
      }
      return better;
    });
    const gain = (rank: number): number => 1 / Math.log2(rank + 2);
    const found = ranks.reduce((sum, rank) => sum + (rank < length ? gain(rank) : 0), 0);
    let ideal = 0;
    for (let rank = 0; rank < Math.min(length, columns.length); rank++) ideal += gain(rank);
    return { wrong: 1 - found / ideal, judgements: 1 };
  };
}
