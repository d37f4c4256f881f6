import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { here, unusedDirectories } from '../../bin/unused-libraries.ts';
import { callReelflow } from '../fixtures/call-cli.ts';

const LINUX = { platform: 'linux', arch: 'x64', isMusl: false };

/** A project with packages, given by the sizes of their files. */
function project(files: Readonly<Record<string, number>>, named: readonly string[] = ['reelflow']): string {
  const directory = mkdtempSync(join(tmpdir(), 'reelflow-trim-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(directory, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.alloc(bytes));
  }
  const dependencies = Object.fromEntries(named.map((name) => [name, '*']));
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ dependencies }));
  return directory;
}

const RUNTIME = 'onnxruntime-node/bin/napi-v6';
const INSTALLED = {
  [`${RUNTIME}/linux/x64/libonnxruntime.so.1`]: 100,
  [`${RUNTIME}/linux/arm64/libonnxruntime.so.1`]: 20,
  [`${RUNTIME}/darwin/arm64/libonnxruntime.dylib`]: 3,
  '@libsql/linux-x64-gnu/index.node': 100,
  '@libsql/linux-x64-musl/index.node': 4,
  'parquet-wasm/esm/parquet.wasm': 100,
  'parquet-wasm/node/parquet.wasm': 500,
  'parquet-wasm/node/deeper/parquet.js': 60,
  'rxjs/dist/cjs/index.js': 100,
  'rxjs/dist/esm5/index.js': 7,
};

const sizesOf = (directory: string, machine = LINUX) =>
  Object.fromEntries(
    unusedDirectories(directory, machine).map(({ path, bytes }) => [path.replace('node_modules/', ''), bytes]),
  );

describe('what is superfluous in a project', () => {
  it('is what other platforms load, and builds for bundlers', () => {
    const directory = project(INSTALLED);
    expect(sizesOf(directory)).toEqual({
      [`${RUNTIME}/darwin/arm64`]: 3,
      [`${RUNTIME}/linux/arm64`]: 20,
      '@libsql/linux-x64-musl': 4,
      'parquet-wasm/node': 560,
      'rxjs/dist/esm5': 7,
    });
    expect(Object.keys(sizesOf(directory, { platform: 'darwin', arch: 'arm64', isMusl: false }))).toEqual([
      ...[`${RUNTIME}/linux/arm64`, `${RUNTIME}/linux/x64`, 'parquet-wasm/node', 'rxjs/dist/esm5'],
    ]);
    expect(sizesOf(directory, { ...LINUX, isMusl: true })).toMatchObject({ '@libsql/linux-x64-gnu': 100 });
  });

  it('is nothing of a package that the project names itself, or that has nothing for this machine', () => {
    expect(Object.keys(sizesOf(project(INSTALLED, ['onnxruntime-node', 'parquet-wasm', 'rxjs'])))).toEqual([
      '@libsql/linux-x64-musl',
    ]);
    const riscv = { platform: 'linux', arch: 'riscv64', isMusl: false };
    expect(sizesOf(project(INSTALLED), riscv)).toEqual({ 'parquet-wasm/node': 560, 'rxjs/dist/esm5': 7 });
  });

  it('is nothing that is linked from elsewhere', async () => {
    const shared = project(INSTALLED);
    const linked = project({});
    symlinkSync(join(shared, 'node_modules'), join(linked, 'node_modules'));
    expect(() => unusedDirectories(linked, LINUX)).toThrow('has no node_modules of its own');
    const one = project({ 'rxjs/index.js': 1 });
    symlinkSync(join(shared, 'node_modules/onnxruntime-node'), join(one, 'node_modules/onnxruntime-node'));
    expect(sizesOf(one)).toEqual({});
    const { code, stderr } = await callReelflow(['trim', join(one, 'node_modules')]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('its package.json cannot be read')]);
  });

  it('is removed by `reelflow trim`, which says how much first where it is asked to', async () => {
    const { platform, arch } = here();
    const files = { [`${RUNTIME}/${platform}/${arch}/lib`]: 100, [`${RUNTIME}/aix/ppc64/lib`]: 2048 };
    const directory = project(files);
    const superfluous = join(directory, 'node_modules', RUNTIME, 'aix/ppc64');
    const planned = await callReelflow(['trim', directory, '--dry-run', '--json']);
    expect([planned.code, JSON.parse(planned.stdout)]).toMatchObject([0, { bytes: 2048, dryRun: true }]);
    expect(existsSync(superfluous)).toBe(true);
    const done = await callReelflow(['trim', directory]);
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('2 KiB removed; `npm ci` brings them back')]);
    expect(existsSync(superfluous)).toBe(false);
    expect(existsSync(join(directory, 'node_modules', RUNTIME, platform, arch, 'lib'))).toBe(true);
    expect((await callReelflow(['trim', directory, '--quiet'])).stdout).toBe('');
  });
});
