import { setImmediate as turn } from 'node:timers/promises';
import { groupRows } from '../../models/group-rows.ts';
import type { Recommender } from '../../models/recommenders/recommender.ts';
import { stepsText } from '../../models/recommenders/work.ts';
import type { FitOptions } from './fit-data.ts';

/** Steps between two checks of the signal: a second or two, at 20 to 40 ns each. */
const stepsAtOnce = 5e7;
/** Steps that are worth a message: a minute or so. */
export const worthSaying = 2e9;

/**
 * Predicts or scores pairs. Long computations are done in parts, each with all pairs of some users
 * or items, so that nothing is computed twice, interrupts take effect, and progress is reported.
 *
 * @throws the reason of the signal.
 */
export async function inParts(
  recommender: Recommender,
  method: 'predict' | 'score',
  users: Int32Array,
  items: Int32Array,
  { signal, onMessage }: Pick<FitOptions, 'signal' | 'onMessage'>,
): Promise<Float32Array> {
  const call = (recommender[method] ?? recommender.predict).bind(recommender);
  const work = recommender.workOf?.(users, items);
  const total = work?.steps.reduce((sum, steps) => sum + steps, 0) ?? 0;
  if (work === undefined || total <= stepsAtOnce) return call(users, items);
  const says = total >= worthSaying ? onMessage : undefined;
  says?.(`${recommender.name}: ${stepsText(total)} to predict ${users.length} ratings`);
  const { rows, starts } = groupRows(work.by === 'item' ? items : users, work.steps.length);
  const values = new Float32Array(users.length);
  let [from, done, steps, next] = [0, 0, 0, 0.25];
  for (const [owner, own] of work.steps.entries()) {
    steps += own;
    if (steps < stepsAtOnce && owner + 1 < work.steps.length) continue;
    await turn();
    signal?.throwIfAborted();
    const part = rows.subarray(from, starts[owner + 1]);
    const pick = (of: Int32Array) => part.map((row) => of[row] as number);
    const found = await call(pick(users), pick(items));
    for (const [at, row] of part.entries()) values[row] = found[at] as number;
    from = starts[owner + 1] as number;
    done += steps;
    steps = 0;
    if (done / total < next) continue;
    if (done < total) says?.(`${recommender.name}: ${Math.floor((100 * done) / total)} % of the steps`);
    next += 0.25;
  }
  return values;
}
