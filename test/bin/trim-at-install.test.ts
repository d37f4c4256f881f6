import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { trimAtInstall } from '../../bin/trim-at-install.ts';

const LINUX = { platform: 'linux', arch: 'x64', isMusl: false };
const BINARIES = 'bin/napi-v6';

function folder(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'reelflow-install-')));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Packages in a `node_modules`: reelflow, and what it loads by platform. */
function installInto(modules: string, names = ['reelflow', 'onnxruntime-node', 'libsql', 'gnu', 'musl']): void {
  for (const each of names) {
    const name = each === 'gnu' || each === 'musl' ? `@libsql/linux-x64-${each}` : each;
    mkdirSync(join(modules, name), { recursive: true });
    writeFileSync(join(modules, name, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
    if (name !== 'onnxruntime-node') continue;
    for (const platform of ['linux/x64', 'linux/arm64', 'win32/x64']) {
      mkdirSync(join(modules, name, BINARIES, platform), { recursive: true });
    }
  }
}

const ELSEWHERE = [`onnxruntime-node/${BINARIES}/linux/arm64`, `onnxruntime-node/${BINARIES}/win32/x64`];
const SUPERFLUOUS = [...ELSEWHERE, '@libsql/linux-x64-musl'];

function trimmed(installed: string, environment = {}): string[] {
  const removed = trimAtInstall(installed, LINUX, environment);
  expect(removed.filter(existsSync)).toEqual([]);
  return removed.map((path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
}

describe('an install', () => {
  it('leaves the libraries of this platform alone, and nothing of others', () => {
    const modules = join(folder(), 'node_modules');
    installInto(modules);
    expect(trimmed(join(modules, 'reelflow'))).toEqual(SUPERFLUOUS);
    expect(existsSync(join(modules, 'onnxruntime-node', BINARIES, 'linux/x64'))).toBe(true);
    expect(existsSync(join(modules, '@libsql/linux-x64-gnu/package.json'))).toBe(true);
    expect(trimmed(join(modules, 'reelflow'))).toEqual([]);
  });

  it('leaves everything in a project with workspaces, which may name what this package does not', () => {
    const project = folder();
    const modules = join(project, 'node_modules');
    installInto(modules);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ workspaces: ['packages/*'] }));
    expect(trimmed(join(modules, 'reelflow'))).toEqual([]);
  });

  it('of the command for everybody finds what lies inside the package', () => {
    const installed = join(folder(), 'lib/node_modules/reelflow');
    installInto(dirname(installed), ['reelflow']);
    installInto(join(installed, 'node_modules'));
    expect(trimmed(installed)).toEqual(SUPERFLUOUS);
  });

  it('by pnpm finds what is linked within the project, and leaves a store that projects share', () => {
    const project = folder();
    const store = join(project, 'node_modules/.pnpm');
    const link = (target: string, path: string) => {
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync(relative(dirname(path), target), path);
    };
    const at = (name: string) => join(store, `${name}@1`, 'node_modules');
    for (const name of ['reelflow', 'onnxruntime-node', 'libsql']) installInto(at(name), [name]);
    installInto(at('libsql'), ['gnu', 'musl']);
    for (const name of ['onnxruntime-node', 'libsql']) link(join(at(name), name), join(at('reelflow'), name));
    link(join(at('reelflow'), 'reelflow'), join(project, 'node_modules/reelflow'));
    expect(trimmed(join(project, 'node_modules/reelflow'))).toEqual(SUPERFLUOUS);

    const shared = join(folder(), 'node_modules');
    installInto(shared);
    const other = join(folder(), 'node_modules');
    installInto(other, ['reelflow']);
    symlinkSync(join(shared, 'onnxruntime-node'), join(other, 'onnxruntime-node'));
    expect(trimmed(join(other, 'reelflow'))).toEqual([]);
  });

  it.each([
    ['the variable that says so', { REELFLOW_TRIM: 'skip' }],
    ['another operating system', { npm_config_os: 'darwin' }],
    ['another processor', { npm_config_cpu: 'arm64' }],
    ['another C library', { npm_config_libc: 'musl' }],
  ])('removes nothing with %s', (_, environment) => {
    const modules = join(folder(), 'node_modules');
    installInto(modules);
    expect(trimmed(join(modules, 'reelflow'), environment)).toEqual([]);
  });

  it('removes nothing in a clone, of what the project names, or without a library for this machine', () => {
    const clone = join(folder(), 'clone');
    installInto(dirname(clone), ['clone']);
    installInto(join(clone, 'node_modules'), ['onnxruntime-node']);
    expect(trimmed(clone)).toEqual([]);

    const project = folder();
    installInto(join(project, 'node_modules'));
    const dependencies = { 'onnxruntime-node': '*' };
    writeFileSync(join(project, 'package.json'), JSON.stringify({ dependencies }));
    expect(trimmed(join(project, 'node_modules/reelflow'))).toEqual(['@libsql/linux-x64-musl']);

    const modules = join(folder(), 'node_modules');
    installInto(modules);
    expect(trimAtInstall(join(modules, 'reelflow'), { ...LINUX, arch: 'riscv64' }, {})).toEqual([]);
  });
});
