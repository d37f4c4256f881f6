import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandTemplate } from '../../../src/io/fetch/command-template.ts';
import { download } from '../../../src/io/fetch/download.ts';
import { removeFolder } from '../../../src/io/fetch/remove-folder.ts';
import { writtenMedia } from '../../../src/io/fetch/written-media.ts';

/** Root may do anything: these tests become a user that may not. */
const NOBODY = 65_534;
const asRoot = process.geteuid?.() === 0;
let directory: string;
beforeEach(() => {
  if (asRoot) process.seteuid?.(NOBODY);
  directory = mkdtempSync(join(tmpdir(), 'reelflow-written-'));
});
afterEach(() => {
  if (asRoot) process.seteuid?.(0);
  rmSync(directory, { recursive: true, force: true });
});

/** What comes of one attempt with a shell script; `$1` is the path to write. */
function downloadWith(script: string) {
  const file = join(directory, 'script.sh');
  writeFileSync(file, script);
  const folder = join(directory, 'work', 'key');
  const options = { folder, timeout: 20_000, check: false, signal: new AbortController().signal };
  return download(new CommandTemplate(`sh '${file}' {out} {id}`), 'a', options);
}

describe.skipIf(process.platform === 'win32')('what a command wrote', () => {
  it.each([
    ['removed its folder', 'rm -r "$(dirname "$1")"', 'no-file'],
    ['put a file in place of its folder', 'd=$(dirname "$1"); rm -r "$d"; echo x > "$d"', 'unsafe-file'],
    ['left a folder that cannot be read', 'echo x > "$1.mp4"; chmod 000 "$(dirname "$1")"', 'unsafe-file'],
    ['wrote a file that may not be read', 'echo x > "$1.mp4"; chmod 000 "$1.mp4"', 'unreadable'],
  ])('is a failure of that id when it %s', async (_, script, reason) => {
    expect(await downloadWith(script)).toMatchObject({ reason });
    // The next attempt begins in an empty folder all the same.
    expect(await downloadWith('echo x > "$1.mp4"')).toMatchObject({ extension: 'mp4', bytes: 2 });
  });

  it('is not looked for behind a link in place of its folder', async () => {
    const elsewhere = join(directory, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'mine.mp4'), 'mine');
    const link = join(directory, 'link');
    symlinkSync(elsewhere, link);
    expect(await writtenMedia(link)).toMatchObject({ reason: 'unsafe-file' });
    await removeFolder(link);
    expect(existsSync(link)).toBe(false);
    expect(readdirSync(elsewhere)).toEqual(['mine.mp4']);
  });

  it('is removed whole, whatever may not be written in it, and nothing outside', async () => {
    const outside = join(directory, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'mine'), '');
    chmodSync(outside, 0o500);
    const folder = join(directory, 'folder');
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    for (const part of ['', 'a', join('a', 'b')]) writeFileSync(join(folder, part, 'file'), '');
    symlinkSync(outside, join(folder, 'a', 'link'));
    for (const part of [join('a', 'b'), 'a', '']) chmodSync(join(folder, part), part === 'a' ? 0o500 : 0o000);
    await removeFolder(folder);
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(outside)).toEqual(['mine']);
    chmodSync(outside, 0o700);
    await removeFolder(folder);
  });
});
