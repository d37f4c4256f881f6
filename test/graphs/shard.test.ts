import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { shardOptions } from '../../bin/shard-options.ts';
import { PROCESS_NAME } from '../../src/core/process-identity.ts';
import { RunItems } from '../../src/graphs/run-items.ts';
import { Claims } from '../../src/graphs/runners/claims.ts';
import { Feed } from '../../src/graphs/runners/feed.ts';
import { checkShard, itemsOfShard, shardIndex } from '../../src/graphs/runners/shard.ts';
import { shardFromEnvironment } from '../../src/graphs/runners/shard-from-environment.ts';
import { ShardRun } from '../../src/graphs/runners/shard-run.ts';
import { Dataset } from '../../src/io/dataset/dataset.ts';
import { Items } from '../../src/io/dataset/items.ts';
import type { Outcome } from '../../src/io/dataset/outcomes.ts';
import { datasetStatus } from '../../src/io/dataset/status.ts';
import { Video } from '../../src/io/media/video.ts';
import { claimPath, writeDeadClaim } from '../fixtures/dead-claim.ts';

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), 'reelflow-claims-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

const corpusOf = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `trailers/é ${index}` }));

describe('the shards of a corpus', () => {
  it.each([1, 2, 3, 7, 64])('have every item once and in its order, in %i parts', (count) => {
    const corpus = corpusOf(3000);
    const shards = Array.from({ length: count }, (_, index) => itemsOfShard(corpus, { index, count }));
    expect(shards.flat()).toHaveLength(3000);
    expect(new Set(shards.flat())).toEqual(new Set(corpus));
    const place = new Map(corpus.map((item, index) => [item, index]));
    for (const shard of shards) {
      const places = shard.map((item) => place.get(item) ?? Number.NaN);
      expect(places).toEqual(places.toSorted((left, right) => left - right));
      // Five standard deviations of a fair share.
      expect(Math.abs(shard.length - 3000 / count)).toBeLessThanOrEqual(5 * Math.sqrt(3000 / count));
    }
  });

  it('are the same on every machine and in every version, whatever else is in the corpus', () => {
    const ids = ['heat', 'alien', 'jaws', 'psycho', 'ran', ''];
    expect(ids.map((id) => shardIndex(id, 3))).toEqual([0, 2, 1, 1, 1, 1]);
    expect(ids.map((id) => shardIndex(id, 1000))).toEqual([186, 184, 37, 850, 266, 124]);
  });

  it('are counted from 0, and one that is not among them is refused', () => {
    expect(() => checkShard({ shard: { index: 3, count: 3 } }, true)).toThrow(/from 0 and must be below.*but is 3/);
    expect(() => checkShard({ shard: { index: -1, count: 3 } }, true)).toThrow('`shard.index`');
    expect(() => checkShard({ shard: { index: 0, count: 0.5 } }, true)).toThrow('`shard.count`');
    expect(() => checkShard({ steal: true }, true)).toThrow('`shard` was not given');
    expect(() => checkShard({ shard: { index: 0, count: 3 }, steal: true }, false)).toThrow('needs a dataset');
    expect(() => checkShard({ shard: { index: 2, count: 3 }, steal: true }, true)).not.toThrow();
  });
});

describe('the option of a shard', () => {
  it('is a number of a count, or what the environment says', () => {
    expect(shardOptions.shard.read(['0/8'], 'shard')).toEqual({ index: 0, count: 8 });
    vi.stubEnv('JOB_COMPLETION_INDEX', '7');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(shardOptions.shard.read(['auto/8'], 'shard')).toEqual({ index: 7, count: 8 });
  });

  it.each([
    ['2/2', 'must be below'],
    ['half', 'must look like 0/8, auto or auto/8'],
    ['3', 'must look like 0/8, auto or auto/8'],
    ['auto/2', 'none of the variables'],
  ])('is refused as %s', (given, says) => {
    expect(() => shardOptions.shard.read([given], 'shard')).toThrow(says);
  });
});

describe('the shard that the environment names', () => {
  it('is that of a Kubernetes Indexed Job, which does not say how many there are', () => {
    expect(shardFromEnvironment({ JOB_COMPLETION_INDEX: '2' }, 8)).toEqual({ index: 2, count: 8 });
    expect(() => shardFromEnvironment({ JOB_COMPLETION_INDEX: '2' })).toThrow('nothing says how many there are');
    expect(() => shardFromEnvironment({ JOB_COMPLETION_INDEX: '8' }, 8)).toThrow('must be below');
  });

  it('is that of an AWS Batch array job', () => {
    const environment = { AWS_BATCH_JOB_ARRAY_INDEX: '0', AWS_BATCH_JOB_ARRAY_SIZE: '5' };
    expect(shardFromEnvironment(environment)).toEqual({ index: 0, count: 5 });
  });

  it.each([
    ['0-3', { ID: '3', COUNT: '4', MIN: '0', MAX: '3' }, { index: 3, count: 4 }],
    ['1-8', { ID: '1', COUNT: '8', MIN: '1', MAX: '8' }, { index: 0, count: 8 }],
    ['2-10:4', { ID: '10', COUNT: '3', MIN: '2', MAX: '10' }, { index: 2, count: 3 }],
    // One task alone is to do what is left.
    ['5', { ID: '5', COUNT: '1', MIN: '5', MAX: '5' }, { index: 0, count: 1 }],
  ])('is that of a Slurm array %s', (_array, task, shard) => {
    const named = Object.entries(task).map(([name, value]) => [`SLURM_ARRAY_TASK_${name}`, value]);
    expect(shardFromEnvironment(Object.fromEntries(named))).toEqual(shard);
  });

  it('is its own number where the count is stated: one task of an array can be run again', () => {
    const again = { SLURM_ARRAY_TASK_ID: '5', SLURM_ARRAY_TASK_COUNT: '1', SLURM_ARRAY_TASK_MIN: '5' };
    expect(shardFromEnvironment(again, 8)).toEqual({ index: 5, count: 8 });
  });

  it('is refused where there is none, several, or no number', () => {
    expect(() => shardFromEnvironment({})).toThrow('none of the variables');
    expect(() => shardFromEnvironment({ JOB_COMPLETION_INDEX: '' }, 2)).toThrow('none of the variables');
    expect(() => shardFromEnvironment({ JOB_COMPLETION_INDEX: '0', SLURM_ARRAY_TASK_ID: '0' }, 2)).toThrow('several');
    expect(() => shardFromEnvironment({ JOB_COMPLETION_INDEX: 'one' }, 2)).toThrow("is 'one'");
    const uneven = { ID: '7', COUNT: '3', MIN: '1', MAX: '8' };
    const named = Object.entries(uneven).map(([name, value]) => [`SLURM_ARRAY_TASK_${name}`, value]);
    expect(() => shardFromEnvironment(Object.fromEntries(named))).toThrow('not evenly spaced');
  });
});

describe('a claim', () => {
  it('is had by one at a time, until it is released', async () => {
    const directory = temporary();
    const [one, other] = [new Claims(directory), new Claims(directory)];
    expect(await one.take('heat')).toBeDefined();
    expect(await other.take('heat')).toBeUndefined();
    expect(await other.take('alien')).toBeDefined();
    one.release('heat');
    await one.close();
    expect(await other.take('heat')).toBeDefined();
    await other.close();
    expect(readdirSync(join(directory, '_claims'))).toEqual([]);
  });

  it('that another has taken over meanwhile is left to that one', async () => {
    const directory = temporary();
    const claims = new Claims(directory);
    await claims.take('heat');
    const [file = ''] = readdirSync(join(directory, '_claims'));
    const theirs = 'elsewhere~4711~1\n{}';
    writeFileSync(join(directory, '_claims', file), theirs);
    await claims.close();
    expect(readFileSync(join(directory, '_claims', file), 'utf8')).toBe(theirs);
  });

  it.each([
    ['a process of this machine that is there no more', PROCESS_NAME.replace(/\d+$/, '1'), 0, true],
    ['a process elsewhere that gave a sign of life', 'elsewhere~4711~1', 0, false],
    ['a process elsewhere that was silent for long', 'elsewhere~4711~1', 61, true],
    ['a process here of a number that was given again', PROCESS_NAME, 61, true],
    ['a process that was killed before it said who it is', '', 61, true],
    ['a process elsewhere that signed before the clock was set back', 'elsewhere~4711~1', -7200, true],
  ])('of %s is taken over or not', async (_whose, name, silentSeconds, isTaken) => {
    const directory = temporary();
    const [one, other] = [new Claims(directory), new Claims(directory)];
    await one.take('heat');
    const [file = ''] = readdirSync(join(directory, '_claims'));
    const path = join(directory, '_claims', file);
    writeFileSync(path, name);
    const signed = Date.now() / 1000 - silentSeconds;
    utimesSync(path, signed, signed);
    expect((await other.take('heat')) !== undefined).toBe(isTaken);
    if (isTaken) expect(readFileSync(path, 'utf8').split('\n')[0]).toBe(PROCESS_NAME);
    await other.close();
    await one.close();
  });
});

describe('what a dataset knows of the items of shards', () => {
  const films = (directory: string, ...ids: string[]) => {
    const source = join(directory, 'films');
    return ids.map((id) => new Video(join(source, `${id}.mp4`), { id, source }));
  };

  it('is gone by the whole listing, and new or left by the part', async () => {
    const directory = temporary();
    const covers = { places: [join(directory, 'films')], filesOf: new Set<string>() };
    const first = new RunItems(await Items.open(directory), films(directory, 'alien', 'ran'), covers);
    await first.begin();
    await first.end();
    const items = await Items.open(directory);
    const corpus = films(directory, 'alien', 'solaris', 'vertigo');
    const second = new RunItems(items, corpus, covers, corpus.slice(1, 2));
    await second.begin();
    expect(await second.end()).toEqual({ added: 1, gone: ['ran'], renamed: [], superseded: [], left: 1 });
    expect(items.has('vertigo')).toBe(false);
  });

  it('is written by the one that closes, of those too that have left before', async () => {
    const directory = join(temporary(), 'features');
    const description = { graphId: 'g1', name: 'extraction', params: {}, models: [] };
    const [last, early] = [await Dataset.open(directory, description), await Dataset.open(directory, description)];
    await last.store.items();
    (await early.store.items()).note('jaws', { state: 'skipped', code: 'too long' });
    await early.leave();
    expect(existsSync(join(directory, '_items.arrow'))).toBe(false);
    expect((await datasetStatus(directory)).tablesAreCurrent).toBe(false);
    await last.close();
    expect(readdirSync(directory).filter((name) => /^_items|^_journal|^\./.test(name))).toEqual(['_items.arrow']);
    expect((await Items.open(directory)).get('jaws')).toMatchObject({ state: 'skipped', code: 'too long' });
  });
});

/** Processes that work on one corpus in one directory, in step with each other. */
class Team {
  readonly corpus = corpusOf(12);
  readonly directory = temporary();
  readonly done = new Map<string, Outcome>();
  readonly begun: string[] = [];

  run(index: number, count: number, isUnchanged?: (id: string) => boolean) {
    const shard = { index, count };
    return new ShardRun({
      ...{ shard, corpus: this.corpus, part: itemsOfShard(this.corpus, shard) },
      outcomes: async () => (id) => this.done.get(id),
      claims: new Claims(this.directory),
      isUnchanged: isUnchanged && (({ id }) => isUnchanged(id)),
    });
  }

  /** Does items until there are none. */
  async work(run: ShardRun<{ id: string }>): Promise<void> {
    for await (const { id } of run.items()) {
      // As the runner does, which looks at the item's own unit before it begins.
      if (this.done.get(id) !== 'committed') {
        this.begun.push(id);
        await new Promise(setImmediate);
        this.done.set(id, 'committed');
      }
      run.finished(id);
    }
  }
}

const isClaimed = ({ directory }: Team, item: string) => existsSync(claimPath(directory, item));

describe('runs that take over what others have not begun', () => {
  it('do every item once, however many there are', async () => {
    const team = new Team();
    const runs = [team.run(0, 3), team.run(1, 3), team.run(2, 3), team.run(0, 2)];
    await Promise.all(runs.map((run) => team.work(run)));
    expect(team.begun.toSorted()).toEqual(team.corpus.map(({ id }) => id).toSorted());
    const [summary] = await Promise.all(runs.map((run) => run.summary()));
    expect(summary?.whole).toEqual({ items: 12, committed: 12, dead: 0, skipped: 0, left: 0 });
    await Promise.all(runs.map((run) => run.close()));
  });

  it('do their own part first, and leave what is dead or skipped to whose it is', async () => {
    const team = new Team();
    const [own, other] = [0, 1].map((index) => itemsOfShard(team.corpus, { index, count: 2 }));
    const [dead, skipped] = other ?? [];
    team.done.set(dead?.id ?? '', 'dead');
    team.done.set(skipped?.id ?? '', 'skipped');
    team.done.set(own?.[0]?.id ?? '', 'dead');
    const run = team.run(0, 2);
    await team.work(run);
    expect(team.begun.slice(0, own?.length)).toEqual(own?.map(({ id }) => id));
    expect(team.begun).toHaveLength(12 - 2);
    expect(await run.summary()).toMatchObject({ items: own?.length, stolen: (other?.length ?? 0) - 2, left: 0 });
    await run.close();
  });

  it('leave what another is at, and do it once that has died', async () => {
    const team = new Team();
    const slow = team.run(0, 2);
    const feed = new Feed(slow.items(), new AbortController().signal);
    const at = (await feed.next())?.item.id;
    const fast = team.run(1, 2);
    await team.work(fast);
    expect(team.begun).toHaveLength(11);
    expect(team.begun).not.toContain(at);
    expect((await fast.summary()).whole.left).toBe(1);
    for (const name of readdirSync(join(team.directory, '_claims')))
      writeFileSync(join(team.directory, '_claims', name), PROCESS_NAME.replace(/\d+$/, '1'));
    const again = team.run(1, 2);
    await team.work(again);
    expect(team.begun).toContain(at);
    expect((await again.summary()).whole.left).toBe(0);
    await Promise.all([slow.close(), fast.close(), again.close()]);
  });

  it('try alone what was in work when another died, and blame it only when three have died of it alone', async () => {
    const team = new Team();
    const bad = itemsOfShard(team.corpus, { index: 0, count: 2 })[0]?.id ?? '';
    const beside: string[][] = [];
    let codes: (string | undefined)[] = [];
    for (let aloneDeaths = 0; aloneDeaths <= 3; aloneDeaths += 1) {
      writeDeadClaim(team.directory, bad, { deaths: aloneDeaths, aloneDeaths, isAlone: false });
      team.done.clear();
      // It is another shard's, so this one takes it over.
      const run = team.run(1, 2);
      const inWork = new Set<string>();
      const feed = new Feed(run.items(), new AbortController().signal);
      const lane = async () => {
        for (let next = await feed.next(); next !== undefined; next = await feed.next()) {
          const { id } = next.item;
          inWork.add(id);
          if (inWork.has(bad)) beside.push([...inWork].sort());
          if (id === bad) codes = [...codes, (run.verdictOf(next.item) as { code?: string } | undefined)?.code];
          await new Promise(setImmediate);
          team.done.set(id, 'committed');
          inWork.delete(id);
          run.finished(id);
        }
      };
      await Promise.all([lane(), lane(), lane()]);
      expect((await run.summary()).whole.left).toBe(0);
      await run.close();
    }
    // Three times alone; at the end it is not begun, and needs to be alone no more.
    expect(beside.slice(0, 3)).toEqual([[bad], [bad], [bad]]);
    expect(codes).toEqual([undefined, undefined, undefined, 'crash']);
  });

  it('claim what is to be done again, though it was done before', async () => {
    const team = new Team();
    const [changed, same] = itemsOfShard(team.corpus, { index: 0, count: 2 });
    for (const { id } of team.corpus) team.done.set(id, 'committed');
    const run = team.run(0, 2, (id) => id !== changed?.id);
    const claimed: string[] = [];
    for await (const { id } of run.items()) {
      claimed.push(...[changed, same].flatMap((each) => (each?.id === id && isClaimed(team, id) ? [id] : [])));
      run.finished(id);
    }
    expect(claimed).toEqual([changed?.id]);
    await run.close();
  });
});
