import { UsageError } from '../src/core/errors.ts';
import { checkShard, type Shard, type ShardOptions } from '../src/graphs/runners/shard.ts';
import { shardFromEnvironment } from '../src/graphs/runners/shard-from-environment.ts';
import { flag, type OptionTable, parsed } from './option-table.ts';

/** Options of a command that may compute only a part of its corpus. */
export const shardOptions = {
  shard: parsed(
    'I/N|auto[/N]',
    'computes part I, from 0, of N parts of the corpus; auto: taken from the environment of an array job',
    shardOf,
    'the whole corpus',
  ),
  steal: flag(
    'continues, when its part is done, with items of other shards that nobody has started or whose run has died',
  ),
} satisfies OptionTable<ShardOptions>;

function shardOf(given: string, name: string): Shard {
  const [, index, count] = /^(?:(\d{1,9})|auto)(?:\/(\d{1,9}))?$/.exec(given) ?? [];
  const isStated = index !== undefined && count !== undefined;
  if (!isStated && !/^auto(\/\d{1,9})?$/.test(given)) {
    throw new UsageError(`\`--${name}\` must look like 0/8, auto or auto/8, but is '${given}'`, {
      remedy: 'Shards are numbered from 0: eight shards are 0/8 to 7/8.',
    });
  }
  if (!isStated) return shardFromEnvironment(process.env, count === undefined ? undefined : Number(count));
  const shard = { index: Number(index), count: Number(count) };
  checkShard({ shard }, true);
  return shard;
}
