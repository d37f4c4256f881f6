import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.ts';
import { temporaryDirectory } from '../../io/dataset/fixtures.ts';
import { imported } from './helpers.ts';

function has(packages: string): boolean {
  try {
    execFileSync('python3', ['-c', `import ${packages}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const hasNumpy = has('numpy');
const hasHdf5 = hasNumpy && has('h5py');
const EXPECTED = { '7': { f: [0.5, -1.25, 3] }, '12': { f: [2, 0, -0.125] } };
const vectors = "d = {7: [0.5, -1.25, 3], 12: [2, 0, -0.125]}; a = {k: numpy.array(v, 'f4') for k, v in d.items()}";

/** Runs the command of a remedy where its files are; what it names is what it makes. */
async function mended(name: string, code: string, then = 'features.npz'): Promise<unknown> {
  const directory = await temporaryDirectory();
  const path = join(directory, "it's", name);
  await mkdir(join(directory, "it's"));
  execFileSync('python3', ['-c', `import json, os, pickle, sys; p = sys.argv[1]; ${code}`, path]);
  const refused: UsageError = await imported([path]).then(
    () => expect.unreachable(),
    (error) => error,
  );
  expect(refused).toBeInstanceOf(UsageError);
  const command = /`(python3 .*)`[.,]? ?(\(where|then|$)/.exec(refused.remedy ?? '')?.[1] ?? '';
  execFileSync('sh', ['-c', command], { cwd: directory });
  const made = then === '' ? path : join(directory, then);
  return (await imported([{ path: made, name: 'f' }])).content;
}

const numpy = hasNumpy ? '' : ' (skipped: no python3 has numpy)';
describe.runIf(hasNumpy)(`the command that a refusal names makes features of${numpy}`, () => {
  it('a pickle of vectors by id', async () => {
    const code = `import numpy; ${vectors}; pickle.dump(a, open(p, 'wb'))`;
    expect(await mended('f.pkl', code)).toEqual(EXPECTED);
  });

  it('a directory with a pickle for each item', async () => {
    const code = `import numpy; ${vectors}; os.mkdir(p); [pickle.dump(v, open(f'{p}/{k}.pkl', 'wb')) for k, v in a.items()]`;
    expect(await mended('items', code, '')).toEqual(EXPECTED);
  });

  it('a JSON object of items', async () => {
    const code = `import numpy; ${vectors}; json.dump(d, open(p, 'w'))`;
    expect(await mended('f.json', code, 'features.jsonl')).toEqual(EXPECTED);
  });

  it.runIf(hasHdf5)(`an HDF5 file of ids and values${hasHdf5 ? '' : ' (skipped: no h5py)'}`, async () => {
    const write = "f = h5py.File(p, 'w'); f['ids'] = list(a); f['values'] = numpy.array([*a.values()])";
    expect(await mended('f.h5', `import numpy, h5py; ${vectors}; ${write}`)).toEqual(EXPECTED);
  });

  it.runIf(hasHdf5)(`an HDF5 file with a dataset for each item${hasHdf5 ? '' : ' (skipped: no h5py)'}`, async () => {
    const write = "f = h5py.File(p, 'w'); [f.create_dataset(str(k), data=v) for k, v in a.items()]";
    expect(await mended('f.h5', `import numpy, h5py; ${vectors}; ${write}`)).toEqual(EXPECTED);
  });
});

it('a directory without a file of features is told by what it has', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, 'visual'));
  const { rejects } = expect(imported([directory]));
  await rejects.toMatchObject({
    code: 'features',
    message: expect.stringContaining('has no file of features (*.npy, *.npz, *.parquet, *.arrow); it has visual/'),
    remedy: 'Name the directory that has the files themselves.',
  });
});
