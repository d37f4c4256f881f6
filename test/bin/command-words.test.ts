import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CommitStore } from '../../src/io/dataset/commit-store.ts';
import { temporaryDirectory } from '../fixtures/clips.ts';
import { reelflow } from '../fixtures/run-cli.ts';

let place: Awaited<ReturnType<typeof temporaryDirectory>>;

beforeAll(async () => {
  place = await temporaryDirectory();
});

afterAll(() => place.remove());

describe('a command says in its own words', () => {
  it('what to do about an error: flags of its options', async () => {
    const { code, stderr } = await reelflow(['extract', '--out', join(place.path, 'none')]);
    expect(stderr).toContain('globs, or a CSV file as `--manifest`.');
    expect(code).toBe(2);
  });

  it('what to do about an error: commands', async () => {
    const { code, stderr } = await reelflow(['weights', 'verify', 'alexnet'], {
      env: { REELFLOW_WEIGHTS_DIR: join(place.path, 'models') },
    });
    expect(stderr).toContain('Get them: `reelflow weights pull alexnet`, or `reelflow weights import alexnet FILE`.');
    expect(code).toBe(2);
  });

  it('nothing of a file that is called as an option is', async () => {
    const { stderr } = await reelflow(['extract', '--manifest', '`memory`', '--out', 'none'], { cwd: place.path });
    expect(stderr).toContain('the manifest `memory` cannot be read: no such file or directory');
  });

  it('dead letters, which a dataset has in the words of the library', async () => {
    const directory = join(place.path, 'dataset');
    const store = await CommitStore.open(directory, { create: true });
    const message = 'longer than `maxDuration: 4`';
    await store.record('0123456789abcdef', {
      ...{ item: '`memory`', code: 'budget-too-small', stage: 'decode', decoderLines: [], message },
      remedy: "Give `memory: '2GiB'` or more, sample fewer frames (`sampling`).",
    });
    const listed = await reelflow(['dead', 'list', directory]);
    expect(listed.stdout).toContain('`memory`  budget-too-small  longer than `--max-duration 4`');
    const json = await reelflow(['dead', 'list', directory, '--json']);
    expect(JSON.parse(json.stdout).dead).toContainEqual(
      expect.objectContaining({
        item: '`memory`',
        remedy: 'Give `--memory 2GiB` or more, sample fewer frames (`--fps`).',
      }),
    );
    expect((await store.letters()).map(({ letter }) => letter.message)).toEqual([message]);
  });
});
