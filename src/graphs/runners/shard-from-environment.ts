import { UsageError } from '../../core/errors.ts';
import { quotedList } from '../../core/quoted-list.ts';
import { checkShard, type Shard } from './shard.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a scheduler says about one process of an array. */
interface Place {
  readonly index: number;
  /** Undefined if the scheduler does not say. */
  readonly count: number | undefined;
}

/** The variables in which schedulers number the processes of an array, and how to read them. */
const SCHEDULERS: Readonly<Record<string, (environment: Environment) => Place>> = {
  // Kubernetes does not tell a pod how many pods there are.
  JOB_COMPLETION_INDEX: (environment) => ({ index: numberOf(environment, 'JOB_COMPLETION_INDEX'), count: undefined }),
  AWS_BATCH_JOB_ARRAY_INDEX: (environment) => ({
    index: numberOf(environment, 'AWS_BATCH_JOB_ARRAY_INDEX'),
    count: optionalNumberOf(environment, 'AWS_BATCH_JOB_ARRAY_SIZE'),
  }),
  SLURM_ARRAY_TASK_ID: slurmPlace,
};

/**
 * The shard that this process should compute, from the variables that a scheduler sets for each
 * process of an array: a Kubernetes Indexed Job, an AWS Batch array job, a Slurm job array.
 *
 * @param count number of shards. Must be given if the scheduler does not say how many there are;
 * the process's number then counts from 0. Default: the scheduler's number.
 * @throws UsageError when no such variable is set, several are, or they do not name one of `count`
 * shards.
 *
 * @example
 * shardFromEnvironment({ SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_COUNT: '8' });
 * // { index: 2, count: 8 }
 * shardFromEnvironment({ JOB_COMPLETION_INDEX: '2' }, 8); // { index: 2, count: 8 }
 */
export function shardFromEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  count?: number,
): Shard {
  const names = Object.keys(SCHEDULERS).filter((name) => (environment[name] ?? '') !== '');
  const [name, ...others] = names;
  const place = name === undefined ? undefined : SCHEDULERS[name]?.(environment);
  if (name === undefined || place === undefined) {
    throw refused(`none of the variables ${quotedList(Object.keys(SCHEDULERS))} is set`);
  }
  if (others.length > 0) throw refused(`several of the variables that can name one are set: ${quotedList(names)}`);
  const shard = {
    index: count === undefined ? place.index : numberOf(environment, name),
    count: count ?? place.count,
  };
  if (shard.count === undefined) throw refused(`${name} is its number, but nothing says how many there are`);
  const made = { index: shard.index, count: shard.count };
  checkShard({ shard: made }, true);
  return made;
}

/** A Slurm array has the start and step that it was given, such as `--array=1-8`. */
function slurmPlace(environment: Environment): Place {
  const id = numberOf(environment, 'SLURM_ARRAY_TASK_ID');
  const count = optionalNumberOf(environment, 'SLURM_ARRAY_TASK_COUNT');
  if (count === undefined) return { index: id, count };
  const first = optionalNumberOf(environment, 'SLURM_ARRAY_TASK_MIN') ?? 0;
  const last = optionalNumberOf(environment, 'SLURM_ARRAY_TASK_MAX') ?? first + count - 1;
  const step = count === 1 ? 1 : (last - first) / (count - 1);
  const index = (id - first) / step;
  if (Number.isInteger(step) && Number.isInteger(index)) return { index, count };
  throw refused(`the numbers of the Slurm array, ${first} to ${last} in ${count} tasks, are not evenly spaced`);
}

function numberOf(environment: Environment, name: string): number {
  const value = environment[name] ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw refused(`${name} must be a whole number, but is '${value}'`);
}

function optionalNumberOf(environment: Environment, name: string): number | undefined {
  return (environment[name] ?? '') === '' ? undefined : numberOf(environment, name);
}

function refused(why: string): UsageError {
  return new UsageError(`the environment does not name a shard: ${why}`, {
    option: 'shard',
    remedy: 'State it, such as 0/8 for the first of eight; or the count alone, as auto/8.',
  });
}
