import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findFfmpeg, findFfprobe } from '../../../src/io/media/ffmpeg.ts';
import { temporaryDirectory } from '../../fixtures/clips.ts';

const saved = { ...process.env };
let folder: { path: string; remove: () => Promise<void> };

beforeAll(async () => {
  folder = await temporaryDirectory();
});
afterAll(() => folder.remove());
afterEach(() => {
  for (const name of ['PATH', 'REELFLOW_FFMPEG', 'REELFLOW_FFPROBE']) {
    if (saved[name] === undefined) delete process.env[name];
    else process.env[name] = saved[name];
  }
});

async function fakeTool(directory: string, name: string, version: string): Promise<string> {
  const path = join(folder.path, directory);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, name), `#!/bin/sh\necho "${name} version ${version} Copyright"\n`);
  await chmod(join(path, name), 0o755);
  return path;
}

describe('findFfmpeg and findFfprobe', () => {
  test('the environment variable comes before the PATH', async () => {
    const named = await fakeTool('named', 'ffmpeg', '9.1');
    process.env.PATH = await fakeTool('path', 'ffmpeg', '8.2');
    process.env.REELFLOW_FFMPEG = join(named, 'ffmpeg');
    expect(findFfmpeg()).toEqual({ path: join(named, 'ffmpeg'), version: '9.1', origin: 'REELFLOW_FFMPEG' });
  });

  test('the first one on the PATH that runs is taken', async () => {
    delete process.env.REELFLOW_FFPROBE;
    const broken = join(folder.path, 'broken');
    await mkdir(broken);
    await writeFile(join(broken, 'ffprobe'), 'no program');
    const good = await fakeTool('good', 'ffprobe', '7.7');
    process.env.PATH = [broken, good].join(delimiter);
    expect(findFfprobe()).toEqual({ path: join(good, 'ffprobe'), version: '7.7', origin: 'PATH' });
  });

  test.skipIf(process.geteuid === undefined)('a folder of the PATH that may not be read is skipped', async () => {
    delete process.env.REELFLOW_FFPROBE;
    const closed = await fakeTool('closed', 'ffprobe', '6.6');
    const open = await fakeTool('open', 'ffprobe', '7.8');
    await chmod(folder.path, 0o755);
    await chmod(closed, 0o000);
    process.env.PATH = [closed, open].join(delimiter);
    // Root may read everything.
    const asRoot = process.geteuid?.() === 0;
    if (asRoot) process.seteuid?.(65_534);
    try {
      expect(findFfprobe().path).toBe(join(open, 'ffprobe'));
    } finally {
      if (asRoot) process.seteuid?.(0);
      await chmod(closed, 0o755);
    }
  });

  test('without one on the PATH the packaged binaries are taken', async () => {
    delete process.env.REELFLOW_FFMPEG;
    delete process.env.REELFLOW_FFPROBE;
    process.env.PATH = folder.path;
    expect(['@ffmpeg-binary', 'ffmpeg-static']).toContain(findFfmpeg().origin);
    expect(findFfprobe().origin).toBe('@ffprobe-installer');
  });

  test('a variable that names nothing that runs is an error with a remedy, never a silent fallback', async () => {
    process.env.REELFLOW_FFMPEG = join(folder.path, 'nowhere');
    expect(() => findFfmpeg()).toThrow(
      expect.objectContaining({ code: 'decoder-missing', remedy: expect.stringContaining('REELFLOW_FFMPEG') }),
    );
    const dangling = join(folder.path, 'dangling');
    await symlink(join(folder.path, 'gone'), dangling);
    process.env.REELFLOW_FFPROBE = dangling;
    expect(() => findFfprobe()).toThrow(expect.objectContaining({ code: 'decoder-missing' }));
  });
});
