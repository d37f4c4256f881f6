import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { count, firstValueFrom, lastValueFrom, take, tap, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audio } from '../../../src/io/media/audio.ts';
import type { Verdict } from '../../../src/io/media/faults.ts';
import { frames } from '../../../src/io/media/frames.ts';
import { Video } from '../../../src/io/media/video.ts';
import { Flow } from '../../../src/operators/flow.ts';
import { decodersBelow, untilNoDecoder } from '../../fixtures/child-processes.ts';
import { makeClip, temporaryDirectory } from '../../fixtures/clips.ts';
import { framesOf, patchesOf } from '../../fixtures/decoded.ts';

let folder: { path: string; remove: () => Promise<void> };
let clip: string;
const at = (name: string) => join(folder.path, name);

beforeAll(async () => {
  folder = await temporaryDirectory();
  clip = await makeClip(at('clip.mp4'), { seconds: 20 });
});
afterAll(() => folder.remove());

describe.skipIf(!existsSync('/proc/self/cmdline'))('no process is left behind (needs /proc)', () => {
  test('when the consumer has had enough', async () => {
    const flow = new Flow('1MiB');
    await lastValueFrom(frames(new Video(clip), { scope: flow.scope('a') }).pipe(take(3), toArray()));
    await firstValueFrom(audio(new Video(clip), { scope: flow.scope('b') }));
    await untilNoDecoder(folder.path);
    expect([flow.held, flow.reserved]).toEqual([0, 0]);
  });

  test('when the consumer throws', async () => {
    const flow = new Flow('1MiB');
    const failing = new Promise((done) => {
      frames(new Video(clip), { scope: flow.scope('a') })
        .pipe(flow.mapAsync(() => Promise.reject(new Error('no')), { concurrency: 1 }))
        .subscribe({ error: done });
    });
    await failing;
    await untilNoDecoder(folder.path);
  });

  test('when it is aborted, be it before, during a read or while it waits for room', async () => {
    const flow = new Flow('500KiB');
    await expect(framesOf(new Video(clip), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    const controller = new AbortController();
    const hung = frames(new Video(clip), { scope: flow.scope('a'), signal: controller.signal }).pipe(
      flow.mapAsync(() => new Promise<never>(() => {}), { concurrency: 1 }),
    );
    const ended = lastValueFrom(hung).catch((error: unknown) => error);
    while (flow.held < 300_000) await new Promise((done) => setTimeout(done, 10));
    expect(decodersBelow(folder.path)).toHaveLength(1);
    controller.abort();
    expect(await ended).toMatchObject({ code: 'aborted' });
    await untilNoDecoder(folder.path);
  });

  test('when it ends on its own', async () => {
    expect(await framesOf(new Video(clip))).toHaveLength(500);
    expect((await patchesOf(new Video(clip))).length).toBe(20);
    await untilNoDecoder(folder.path);
  });

  test('when the decoder itself stops giving anything, which is a timeout', async () => {
    for (const allowPartial of [false, true]) {
      const verdicts: Verdict[] = [];
      const video = new Video(clip);
      await video.probe();
      const stalling = frames(video, {
        ...{ scope: new Flow('1MiB').scope('a'), stallTimeout: 2500, allowPartial },
        onVerdict: (verdict) => void verdicts.push(verdict),
      }).pipe(
        tap((frame) => {
          if (frame.index === 10) for (const pid of decodersBelow(folder.path)) process.kill(pid, 'SIGSTOP');
        }),
        count(),
      );
      if (allowPartial) expect(await lastValueFrom(stalling)).toBeGreaterThan(10);
      else await expect(lastValueFrom(stalling)).rejects.toMatchObject({ code: 'timeout' });
      expect(verdicts).toEqual([expect.objectContaining({ verdict: 'partial', reason: 'timeout' })]);
      await untilNoDecoder(folder.path);
    }
  });

  test('when the whole program is killed while the decoder waits for a full pipe', async () => {
    const built = (path: string) => JSON.stringify(resolve('dist/src', path));
    await symlink(resolve('node_modules'), at('node_modules'));
    await writeFile(
      at('program.mjs'),
      `const { Flow } = await import(${built('operators/flow.js')});
       const { frames } = await import(${built('io/media/frames.js')});
       const { Video } = await import(${built('io/media/video.js')});
       const flow = new Flow('400KiB');
       frames(new Video(${JSON.stringify(clip)}), { scope: flow.scope('a') })
         .pipe(flow.mapAsync(() => new Promise(() => {}), { concurrency: 1 }))
         .subscribe();
       setInterval(() => { if (flow.held > 250_000) console.log('full'); }, 50);`,
    );
    const program = spawn(process.execPath, [at('program.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((done) => program.stdout.once('data', done));
    await new Promise((done) => setTimeout(done, 200));
    const running = decodersBelow(folder.path);
    expect(running.length).toBeGreaterThan(0);
    program.kill('SIGKILL');
    await untilNoDecoder(folder.path);
  });
});

describe('file names', () => {
  test.each([
    'with spaces and  two.mp4',
    `"double" and 'single' quotes.mp4`,
    'a\nnew line.mp4',
    'ünïcödé 映画 🎬.mp4',
    '-leading dash.mp4',
    '100%d of %03d.mp4',
    'concat:a|b.mp4',
    'back\\slash, comma; [brackets] $HOME `id`.mp4',
  ])('%j is read like any other', async (name) => {
    await copyFile(clip, at(name));
    const video = new Video(at(name));
    expect((await framesOf(video, { fps: 'keyframes' })).length).toBeGreaterThan(1);
    expect(video.id).toBe(name.slice(0, -4));
  });
});
