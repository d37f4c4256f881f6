import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'reelflow-package-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the packed tarball installs into an empty folder and brings a working decoder and runtime with it', async () => {
  await execute('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const [tarball] = readdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }');
  await execute('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], {
    cwd: folder,
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
  const installed = readdirSync(join(folder, 'node_modules', 'reelflow', 'dist')).sort();
  expect(installed).toEqual(['bin', 'examples', 'src']);

  // With nothing on the PATH, the decoder that came along is used.
  const bare = { ...process.env, PATH: folder, REELFLOW_FFMPEG: '', REELFLOW_FFPROBE: '' };
  const program = join(folder, 'node_modules', 'reelflow', 'dist', 'bin', 'reelflow.js');
  const { stdout } = await execute(process.execPath, [program, 'doctor', '--json'], { cwd: folder, env: bare });
  const { findings } = JSON.parse(stdout) as { findings: { what: string; ok: boolean }[] };
  expect(findings.filter(({ ok }) => !ok)).toEqual([]);

  writeFileSync(
    join(folder, 'use.js'),
    "import { Flow, parseBytes } from 'reelflow';\nconsole.log(new Flow('1MiB').budget === parseBytes(1048576));\n",
  );
  expect((await execute(process.execPath, ['use.js'], { cwd: folder })).stdout).toBe('true\n');
}, 1_200_000);
