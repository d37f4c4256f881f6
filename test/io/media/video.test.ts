import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PassedOver, passedOverText } from '../../../src/io/media/media-directory.ts';
import { Video, videos } from '../../../src/io/media/video.ts';
import { makeClip, temporaryDirectory } from '../../fixtures/clips.ts';

let folder: { path: string; remove: () => Promise<void> };
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
  await mkdir(at('deep/er'), { recursive: true });
  await mkdir(at('empty'));
  for (const name of ['b.mp4', 'a.MKV', 'notes.txt', 'deep/c.webm', 'deep/er/d.mp3', 'odd [1].mp4'])
    await writeFile(at(name), 'x');
});
afterAll(() => folder.remove());

async function paths(input: string | readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const video of videos(input)) found.push(video.path.slice(folder.path.length + 1));
  return found;
}

describe('videos', () => {
  test('of a directory are its media files at any depth, sorted', async () => {
    expect(await paths(folder.path)).toEqual(['a.MKV', 'b.mp4', 'deep/c.webm', 'deep/er/d.mp3', 'odd [1].mp4']);
  });

  test('of a directory leave other files alone, and tell of them', async () => {
    const other = await temporaryDirectory();
    const within = (name: string) => join(other.path, name);
    await mkdir(within('sub'));
    const names = [
      'a.mp4',
      'b.nfo',
      'sub/c.srt',
      'noname',
      ...['gif', 'm2v', 'wv', 'au', 'weba', '3gpp', 'm4s'].map((kind) => `x.${kind}`),
    ];
    for (const name of names) await writeFile(within(name), 'x');
    await symlink(at('nowhere'), within('broken.mp4'));
    await symlink(other.path, within('sub/round'));
    execFileSync('mkfifo', [within('pipe.mp4')]);
    const told: PassedOver[] = [];
    const found: string[] = [];
    for await (const video of videos(other.path, { onPassedOver: (files) => void told.push(...files) }))
      found.push(basename(video.path));
    expect(found).toEqual(['a.mp4', 'x.3gpp', 'x.au', 'x.gif', 'x.m2v', 'x.m4s', 'x.weba', 'x.wv']);
    expect(told.map(({ path, why }) => [basename(path), why]).sort()).toEqual([
      ['b.nfo', 'extension'],
      ['broken.mp4', 'link'],
      ['c.srt', 'extension'],
      ['noname', 'extension'],
      ['pipe.mp4', 'kind'],
    ]);
    expect(passedOverText(told)).toBe(
      '5 files in the directories were skipped: 3 by their extension (.nfo, .srt, none), 1 link that leads nowhere, 1 that is not a regular file',
    );
    expect(passedOverText([])).toBeUndefined();
    await other.remove();
  });

  test('of a directory that links lead to as well are under its own name, whatever the links are called', async () => {
    const other = await temporaryDirectory();
    for (const name of ['before', 'middle', 'zlast']) await symlink('mine', join(other.path, name));
    await mkdir(join(other.path, 'mine'));
    await writeFile(join(other.path, 'mine/a.mp4'), 'x');
    const found: string[] = [];
    for await (const video of videos(other.path)) found.push(video.path);
    expect(found).toEqual([join(other.path, 'mine/a.mp4')]);
    await other.remove();
  });

  test('named in two ways come once', async () => {
    expect(await paths([at('b.mp4'), `${folder.path}/deep/../b.mp4`, folder.path])).toEqual([
      'b.mp4',
      'a.MKV',
      'deep/c.webm',
      'deep/er/d.mp3',
      'odd [1].mp4',
    ]);
  });

  test('of a glob are what it matches, whatever the extension', async () => {
    expect(await paths(at('*.{txt,mp4}'))).toEqual(['b.mp4', 'notes.txt', 'odd [1].mp4']);
    expect(await paths(at('deep/**/*.mp3'))).toEqual(['deep/er/d.mp3']);
  });

  test("of a list come once each, in the list's order", async () => {
    expect(await paths([at('notes.txt'), at('deep'), folder.path])).toEqual([
      'notes.txt',
      'deep/c.webm',
      'deep/er/d.mp3',
      'a.MKV',
      'b.mp4',
      'odd [1].mp4',
    ]);
  });

  test('a file that is there is taken by name, even if the name looks like a glob', async () => {
    expect(await paths(at('odd [1].mp4'))).toEqual(['odd [1].mp4']);
  });

  test('a named file that is missing comes too: its probe says so', async () => {
    expect(await paths(at('missing.mp4'))).toEqual(['missing.mp4']);
    await expect(new Video(at('missing.mp4')).probe()).rejects.toMatchObject({ code: 'unreadable' });
  });

  test('an input without any media file, and no input, are mistakes', async () => {
    await expect(paths(at('empty'))).rejects.toThrow(/no media file is in/);
    await expect(paths(at('*.avi'))).rejects.toMatchObject({ code: 'no-inputs' });
    await expect(paths([])).rejects.toThrow('`input` must be a path or a non-empty list of paths');
  });
});

describe('Video', () => {
  test('its id is the file name without extension, unless given', () => {
    expect(new Video('/films/heat.1995.mp4').id).toBe('heat.1995');
    expect(new Video('/films/heat.mp4', { id: '42' }).id).toBe('42');
    expect(() => new Video('')).toThrow('`path` must be a non-empty string');
  });

  test("an aborted look is not another caller's", async () => {
    const video = new Video(await makeClip(at('shared.mp4'), { seconds: 1 }));
    const stop = new AbortController();
    const [aborted, whole] = [video.probe({ signal: stop.signal }), video.probe()];
    stop.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
    expect((await whole).duration).toBe(1);
  });

  test('a caller that joined a look and is aborted does not wait for its end, nor end it for the first', async () => {
    const video = new Video(await makeClip(at('joined.mp4'), { seconds: 1 }));
    const stop = new AbortController();
    const [whole, aborted] = [video.probe(), video.probe({ signal: stop.signal })];
    stop.abort();
    const first = await Promise.race([whole.then(() => 'whole'), aborted.catch(({ code }) => code)]);
    expect(first).toBe('aborted');
    expect((await whole).duration).toBe(1);
  });

  test('it is looked at once, and its facts are there afterwards only', async () => {
    const video = new Video(await makeClip(at('real.mp4'), { seconds: 1 }));
    expect(() => video.info).toThrow('must have succeeded before `info` is read');
    const [first, second] = await Promise.all([video.probe(), video.probe()]);
    expect(first).toBe(second);
    expect(video.duration).toBe(1);
    expect(video.info).toBe(first);
  });
});
