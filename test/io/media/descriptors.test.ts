import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { makeClip, temporaryDirectory } from '../../fixtures/clips.ts';
import { compileChild } from '../../fixtures/compile-child.ts';

const [THREAD, LAUNCHER] = ['decoder-thread.js', 'program-launcher.js'].map((name) =>
  fileURLToPath(new URL(`../../../src/io/media/${name}`, import.meta.url)),
) as [string, string];
const CHILD = fileURLToPath(new URL('./few-descriptors-child.ts', import.meta.url));
async function place(): Promise<string> {
  const { path, remove } = await temporaryDirectory();
  onTestFinished(remove);
  return path;
}

it.skipIf(!existsSync('/proc/self/fd'))(
  'where files can no longer be opened every look and every decoder says so: no crash, no wait (needs Linux)',
  async () => {
    const [program, clips] = [await place(), await place()];
    const script = await compileChild(program, CHILD, [THREAD, LAUNCHER]);
    const clip = join(clips, 'a.mp4');
    await makeClip(clip, { width: 64, height: 48, fps: 10, seconds: 1 });
    const command = `ulimit -n 100 && exec "${process.execPath}" "${script}" "${clip}"`;
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', command], { timeout: 50_000 });
    const lines = stdout.trim().split('\n');
    expect(stderr).toBe('');
    expect(lines).toHaveLength(34);
    for (const line of lines) expect(line).toMatch(/ (ok|open-files)$/);
    expect(lines[0]).toBe('0 probe open-files');
    expect(lines[1]).toBe('0 frames open-files');
    expect(lines.slice(-2)).toEqual(['16 probe ok', '16 frames ok']);
  },
);
