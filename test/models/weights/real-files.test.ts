import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readWeights } from '../../../src/models/weights/weight-file.ts';
import { joined } from '../../fixtures/weights/samples.ts';
import { temporaryFolder } from '../networks/helpers.ts';

const python = '/usr/bin/python3';
const has = (module: string) => spawnSync(python, ['-c', `import ${module}`]).status === 0;
const [hasTorch, hasNumpy] = [has('torch'), has('numpy')];
const folder = temporaryFolder();

/**
 * Writes with PyTorch: the files, the values of every tensor as it gives them, and files that must
 * be refused.
 */
const torchProgram = `
import torch, collections, json, os, sys
folder = sys.argv[1]
torch.manual_seed(1)
layer = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
base = torch.arange(24.).reshape(4, 6)
state = collections.OrderedDict(layer.state_dict())
state._metadata = layer.state_dict()._metadata
state['transposed'] = base.t()
state['slice'] = base[1:3, 1:5:2]
state['row of a shared storage'] = base[2]
state['permuted'] = torch.randn(2, 3, 4).permute(2, 0, 1)
state['half'] = torch.randn(5).half()
state['bfloat16'] = torch.randn(5).bfloat16()
state['float64'] = torch.randn(2, 3).double()
state['bool'] = torch.tensor([True, False])
state['int16'] = torch.tensor([1, -2], dtype=torch.int16)
state['int8'] = torch.tensor([1, -2], dtype=torch.int8)
state['uint8'] = torch.tensor([1, 254], dtype=torch.uint8)
state['int32'] = torch.tensor([[1], [-2]], dtype=torch.int32)
state['parameter'] = torch.nn.Parameter(torch.randn(2, 2))
state['empty'] = torch.zeros(0, 3)
state['scalar'] = torch.tensor(3.5)
def bytes_of(tensor):
    return tensor.detach().contiguous().clone().flatten().view(torch.uint8).numpy().tobytes().hex() if tensor.numel() else ''
def described(tensor):
    raw = tensor.reshape(-1) if tensor.dim() == 0 else tensor
    return [list(tensor.shape), bytes_of(raw)]
class Evil:
    def __reduce__(self):
        return (os.system, ('touch ' + folder + '/executed',))
for layout in ('zip', 'legacy'):
    how = dict(_use_new_zipfile_serialization=layout == 'zip')
    torch.save(state, f'{folder}/{layout}.pth', **how)
    checkpoint = {'state_dict': {'module.' + name: value for name, value in layer.state_dict().items()}, 'epoch': 7, 'best': 0.5,
        'optimizer': torch.optim.SGD(layer.parameters(), 0.1, momentum=0.9).state_dict(), 'notes': ('a', None, [True])}
    torch.save(checkpoint, f'{folder}/{layout}-checkpoint.pth', **how)
    torch.save(layer, f'{folder}/{layout}-module.pth', **how)
    torch.save({'weight': torch.ones(2), 'evil': Evil()}, f'{folder}/{layout}-evil.pth', **how)
    torch.save({'weight': torch.ones(1).expand(4)}, f'{folder}/{layout}-expanded.pth', **how)
json.dump({name: described(value) for name, value in state.items()}, open(f'{folder}/expected.json', 'w'))
`;

const numpyProgram = `
import numpy, sys
folder = sys.argv[1]
arrays = dict(plain=numpy.arange(6, dtype='f4').reshape(2, 3), fortran=numpy.asfortranarray(numpy.arange(6.).reshape(2, 3)),
    big=numpy.arange(4, dtype='>f4'), half=numpy.ones(3, 'f2'), whole=numpy.arange(3), scalar=numpy.float32(2), truth=numpy.array([True, False]),
    sliced=numpy.arange(20, dtype='f4')[::3])
numpy.savez(folder + '/stored.npz', **arrays)
numpy.savez_compressed(folder + '/compressed.npz', **arrays)
numpy.savez(folder + '/objects.npz', a=numpy.array([{}], dtype=object))
numpy.save(folder + '/array.npy', arrays['fortran'])
`;

describe.skipIf(!hasTorch)(`files of PyTorch (skipped where ${python} has no torch)`, () => {
  beforeAll(() => {
    execFileSync(python, ['-c', torchProgram, folder]);
  });

  it.each(['zip', 'legacy'])('in the %s layout have the bytes that PyTorch has, tensor by tensor', (layout) => {
    const { tensors, format } = readWeights(join(folder, `${layout}.pth`));
    expect(format).toBe(layout === 'zip' ? 'pth' : 'pth-legacy');
    const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
    const read = [...tensors.values()].map(({ name, shape, pieces }) => [
      name,
      [shape, joined(pieces()).toString('hex')],
    ]);
    expect(Object.fromEntries(read)).toEqual(expected);
  });

  it.each(['zip', 'legacy'])('in the %s layout: a checkpoint gives its state dict without the prefix', (layout) => {
    const { tensors } = readWeights(join(folder, `${layout}-checkpoint.pth`));
    expect([...tensors.keys()].slice(0, 3)).toEqual(['0.weight', '0.bias', '1.weight']);
  });

  it.each(['zip', 'legacy'])(
    'in the %s layout: nothing is executed; objects beside tensors are left out, a whole module is refused',
    (layout) => {
      expect([...readWeights(join(folder, `${layout}-evil.pth`)).tensors.keys()]).toEqual(['weight']);
      expect(existsSync(join(folder, 'executed'))).toBe(false);
      expect(() => readWeights(join(folder, `${layout}-module.pth`))).toThrow('Sequential');
      expect(() => readWeights(join(folder, `${layout}-expanded.pth`))).toThrow('repeat elements');
    },
  );
});

describe.skipIf(!hasNumpy)(`files of NumPy (skipped where ${python} has no numpy)`, () => {
  beforeAll(() => {
    execFileSync(python, ['-c', numpyProgram, folder]);
  });

  it.each(['stored', 'compressed'])('%s have the values of their arrays', (name) => {
    const { tensors } = readWeights(join(folder, `${name}.npz`));
    const bytesOf = (array: string) => joined(tensors.get(array)?.pieces() ?? []);
    expect([...tensors.values()].map((tensor) => `${tensor.name} ${tensor.type} [${tensor.shape}]`)).toEqual([
      'plain F32 [2,3]',
      'fortran F64 [2,3]',
      'big F32 [4]',
      'half F16 [3]',
      'whole I64 [3]',
      'scalar F32 []',
      'truth BOOL [2]',
      'sliced F32 [7]',
    ]);
    expect(bytesOf('fortran')).toEqual(Buffer.from(Float64Array.of(0, 1, 2, 3, 4, 5).buffer));
    expect(bytesOf('big')).toEqual(Buffer.from(Float32Array.of(0, 1, 2, 3).buffer));
    expect(bytesOf('sliced')).toEqual(Buffer.from(Float32Array.of(0, 3, 6, 9, 12, 15, 18).buffer));
  });

  it('of one array, and of Python objects, are read and refused', () => {
    const array = readWeights(join(folder, 'array.npy')).tensors.get('');
    expect(joined(array?.pieces() ?? [])).toEqual(Buffer.from(Float64Array.of(0, 1, 2, 3, 4, 5).buffer));
    expect(() => readWeights(join(folder, 'objects.npz'))).toThrow('keeps Python objects');
  });
});

const shared = new URL('../../../../shared/data/networks/', import.meta.url).pathname;

describe.skipIf(!existsSync(shared))('published files (skipped where ../shared is absent)', () => {
  it('of SqueezeNet and of the post-processing of VGGish have their tensors', () => {
    const network = readWeights(join(shared, 'squeezenet', 'squeezenet10.derived.onnx'));
    expect([...network.tensors.values()].some(({ shape }) => shape.join() === '1000,512,1,1')).toBe(true);
    const { tensors } = readWeights(join(shared, 'vggish', 'vggish_pca_params.npz'));
    expect([...tensors.values()].map(({ shape }) => shape)).toEqual([[128], [128, 128]]);
  });
});

describe('a legacy file that is cut off', () => {
  it.skipIf(!hasTorch)('is refused wherever it is cut (skipped without torch)', () => {
    const bytes = readFileSync(join(folder, 'legacy.pth'));
    const path = join(folder, 'cut.pth');
    for (let length = 20; length < bytes.byteLength; length += 97) {
      writeFileSync(path, bytes.subarray(0, length));
      expect(() => readWeights(path)).toThrow();
    }
  });
});
