import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Claims } from '../../../src/graphs/runners/claims.ts';
import { JobFeed } from '../../../src/graphs/runners/queue/job-feed.ts';
import { Items } from '../../../src/io/dataset/items.ts';
import type { Video } from '../../../src/io/media/video.ts';
import type { TakenJob, WorkerQueue } from '../../../src/io/queue/worker-queue.ts';
import { claimPath, writeDeadClaim } from '../../fixtures/dead-claim.ts';
import { until } from '../../fixtures/until.ts';

let directory: string;
let items: Items;
/** What became of the jobs, in order. */
let ends: string[];
let said: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'reelflow-jobs-'));
  items = await Items.open(directory);
  for (const id of ['a', 'b', 'c']) items.note(id, { path: join(directory, `${id}.mp4`) });
  await items.flush();
  [ends, said] = [[], []];
});

afterEach(() => {
  items.close();
  rmSync(directory, { recursive: true, force: true });
});

function job(data: unknown, signal = new AbortController().signal): TakenJob {
  const name = (data as { item?: string } | null)?.item ?? 'none';
  return {
    ...{ data, signal },
    done: () => ends.push(`${name} done`),
    later: () => ends.push(`${name} later`),
    back: () => ends.push(`${name} back`),
    refuse: (reason) => ends.push(`${name} refused: ${reason}`),
  };
}

const of = (item: string, graph = 'graph') => ({ item, graph });

function feedOf(jobs: readonly TakenJob[]): { feed: JobFeed; claims: Claims } {
  const left = [...jobs];
  const queue: WorkerQueue = { next: async () => left.shift(), stop: () => undefined, close: async () => undefined };
  const claims = new Claims(directory);
  const say = (sentence: string) => void said.push(sentence);
  const setting = { graphId: 'graph', queue, claims, items, again: 10, busy: () => ({}), say };
  return { feed: new JobFeed(setting), claims };
}

async function all(feed: JobFeed): Promise<string[]> {
  const found: string[] = [];
  for await (const video of feed.items()) {
    found.push(video.path);
    feed.finished(video, { type: 'already-done', item: video.id, path: video.path, partial: false });
  }
  return found;
}

describe('the jobs of a queue', () => {
  it('go back when the dataset cannot be read to see what they are, and the run ends', async () => {
    const { feed } = feedOf([job(of('a')), job(of('b'))]);
    vi.spyOn(items, 'flush').mockRejectedValueOnce(new Error('EIO'));
    await expect(all(feed)).rejects.toThrow('EIO');
    expect(ends).toEqual(['a back']);
    await feed.close();
  });

  it('name items that the dataset knows, whose files are where it says; anything else is refused', async () => {
    const { feed } = feedOf([
      job({ ...of('a'), path: '/etc/passwd' }),
      job(of('stranger')),
      job(of('c', 'other')),
      job({ item: 'a' }),
      job(null),
      job(of('a\0')),
    ]);
    expect(await all(feed)).toEqual([join(directory, 'a.mp4')]);
    expect(ends.map((end) => end.split(':')[0])).toEqual([
      ...['a done', 'stranger refused', 'c refused', 'a refused', 'none refused', 'a\0 refused'],
    ]);
  });

  it('come later when another process has their item, and a finished item is nobody’s', async () => {
    const other = new Claims(directory);
    await other.take('a');
    const { feed } = feedOf([job(of('a')), job(of('b'))]);
    expect(await all(feed)).toEqual([join(directory, 'b.mp4')]);
    expect(ends).toEqual(['a later', 'b done']);
    await feed.close();
    expect(readdirSync(join(directory, '_claims'))).toHaveLength(1);
    await other.close();
  });

  it('go back, unfinished, when the feed closes', async () => {
    const { feed } = feedOf([job(of('a'))]);
    await feed.items().next();
    await feed.close();
    expect(ends).toEqual(['a back']);
    expect(existsSync(claimPath(directory, 'a'))).toBe(false);
  });
});

describe('an item that was in work when a process died', () => {
  it('begins when nothing else is in work, and nothing begins beside it', async () => {
    writeDeadClaim(directory, 'b', { deaths: 0, aloneDeaths: 0, isAlone: false });
    const { feed } = feedOf([job(of('a')), job(of('b')), job(of('c'))]);
    const begun: Video[] = [];
    const reading = (async () => {
      for await (const video of feed.items()) begun.push(video);
    })();
    const ids = () => begun.map(({ id }) => id).join('');
    const finish = (video: Video | undefined) => video && feed.finished(video, undefined);
    await until(() => said.length > 0);
    expect(ids()).toBe('a');
    finish(begun[0]);
    await until(() => begun.length > 1);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(ids()).toBe('ab');
    expect(feed.verdictOf(begun[1] as Video)).toBeUndefined();
    finish(begun[1]);
    await reading;
    expect(ids()).toBe('abc');
    expect(said).toEqual(['b: a process died while processing it, so it is now tried alone']);
    await feed.close();
  });

  it('is blamed only when three have died that had nothing else in work', async () => {
    const verdicts = [];
    for (const aloneDeaths of [1, 2]) {
      writeDeadClaim(directory, 'b', { deaths: aloneDeaths, aloneDeaths, isAlone: true });
      const { feed } = feedOf([job(of('b'))]);
      const { value } = await feed.items().next();
      verdicts.push((feed.verdictOf(value as Video) as { code?: string } | undefined)?.code);
      await feed.close();
    }
    expect(verdicts).toEqual([undefined, 'crash']);
  });
});
