import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkPostprocessing } from '../../../src/models/networks/named-weights.ts';
import { network } from '../../../src/models/networks/network.ts';
import { readWeights } from '../../../src/models/weights/weight-file.ts';
import { joined } from '../../fixtures/weights/samples.ts';
import { temporaryFolder } from '../networks/helpers.ts';

const python = '/usr/bin/python3';
const hasBoth = spawnSync(python, ['-c', 'import torch, numpy']).status === 0;
const folder = temporaryFolder();

/**
 * Saves dictionaries of arrays in each layout and protocol; the values as NumPy gives them in
 * row-major, little-endian order.
 */
const program = `
import json, numpy, sys, torch
folder = sys.argv[1]
random = numpy.random.RandomState(1)
pca = dict(pca_eigen_vectors=random.randn(128, 128).astype('f4'), pca_means=random.randn(128, 1).astype('f4'))
double = {name: array.astype('f8') for name, array in pca.items()}
arrays = dict(float64=random.randn(3, 4), int64=numpy.arange(-3, 3), fortran=numpy.asfortranarray(random.randn(3, 5, 2).astype('f4')),
    big=numpy.arange(6, dtype='>i4').reshape(2, 3), bigfortran=numpy.asfortranarray(random.randn(3, 4).astype('>f8')), half=numpy.ones(3, 'f2'),
    int16=numpy.array([1, -2], 'i2'), int8=numpy.array([1, -2], 'i1'), uint8=numpy.arange(256, dtype='u1'), truth=numpy.array([True, False]),
    empty=numpy.zeros((0, 3)), scalar=numpy.array(2.5), sliced=numpy.arange(20, dtype='f4')[::3], transposed=random.randn(4, 3).T)
mixed = dict(tensor=torch.arange(3.), epoch=numpy.int64(4), best=numpy.float64(0.5), **arrays)
def bytes_of(array):
    return array.astype(array.dtype.newbyteorder('<')).tobytes('C').hex()
for zip in (True, False):
    for protocol in (2, 3, 4):
        how = dict(pickle_protocol=protocol, _use_new_zipfile_serialization=zip)
        end = ('zip' if zip else 'legacy') + str(protocol) + '.pth'
        torch.save(pca, f'{folder}/pca-{end}', **how)
        torch.save(double, f'{folder}/double-{end}', **how)
        torch.save(mixed, f'{folder}/mixed-{end}', **how)
        torch.save(dict(a=numpy.array([{}], dtype=object)), f'{folder}/objects-{end}', **how)
        torch.save(dict(a=numpy.zeros(2, dtype=[('x', 'f4')])), f'{folder}/records-{end}', **how)
described = lambda arrays: {name: [list(array.shape), bytes_of(array)] for name, array in arrays.items()}
json.dump(dict(pca=described(pca), double=described(double), mixed=described(dict(tensor=mixed['tensor'].numpy(), **arrays))),
    open(f'{folder}/expected.json', 'w'))
`;

describe.skipIf(!hasBoth)(`arrays of NumPy saved by PyTorch (skipped where ${python} has not both)`, () => {
  beforeAll(() => {
    execFileSync(python, ['-c', program, folder]);
  });

  const files = ['zip2', 'zip3', 'zip4', 'legacy2', 'legacy3', 'legacy4'];

  it.each(files)('(%s) have the values that NumPy has, array by array', (file) => {
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
    for (const content of ['pca', 'double', 'mixed']) {
      const { tensors } = readWeights(join(folder, `${content}-${file}.pth`));
      const read = [...tensors.values()].map(({ name, shape, pieces }) => [
        name,
        [shape, joined(pieces()).toString('hex')],
      ]);
      expect(Object.fromEntries(read)).toEqual(expected[content]);
    }
  });

  it.each(files)('(%s) of Python objects and of records are refused', (file) => {
    expect(() => readWeights(join(folder, `objects-${file}.pth`))).toThrow('keeps Python objects');
    expect(() => readWeights(join(folder, `records-${file}.pth`))).toThrow("of the type 'V4'");
  });

  it.each(files)("(%s) are taken by VGGish's post-processing, in float32 and in float64", (file) => {
    for (const content of ['pca', 'double']) {
      const postprocess = join(folder, `${content}-${file}.pth`);
      expect(() => checkPostprocessing('vggish', readWeights(postprocess))).not.toThrow();
    }
    expect(() => checkPostprocessing('vggish', readWeights(join(folder, `mixed-${file}.pth`)))).toThrow(
      'pca_eigen_vectors',
    );
  });

  it("are the parameters of VGGish's post-processing in the network itself", () => {
    const options = { weights: 'random:1', cacheDirectory: join(folder, 'cache') };
    const hashes = files.map((file) => {
      const plan = network('vggish', { ...options, postprocess: join(folder, `pca-${file}.pth`) });
      expect(plan.card.output).toEqual({ name: 'postprocessed', dimension: 128 });
      return plan.weightsHash;
    });
    expect(hashes).not.toContain(network('vggish', { ...options, postprocess: true }).weightsHash);
  });
});
