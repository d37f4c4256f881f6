import { describe, expect, it } from 'vitest';
import type { Dimension } from '../../../src/models/autodiff/emitter.ts';
import { gru } from '../../../src/models/autodiff/operations/gru.ts';
import { Tape } from '../../../src/models/autodiff/tape.ts';

const fitting = { x: [4, 'rows', 2], kernel: [2, 9], recurrent: [3, 9], bias: [9], candidateBias: [3] };

function made(changed: Partial<Record<keyof typeof fitting, Dimension[]>>) {
  const tape = new Tape({ training: false });
  const of = (name: keyof typeof fitting) => tape.graph.input(name, changed[name] ?? fitting[name]);
  const [kernel, recurrent, bias, candidateBias] = [of('kernel'), of('recurrent'), of('bias'), of('candidateBias')];
  return gru(tape, of('x'), { kernel, recurrent, bias, candidateBias });
}

describe('a GRU layer', () => {
  it('gives the states of all steps', () => {
    expect(made({}).shape).toEqual([4, 'rows', 3]);
  });

  it.each([
    ['kernel', [3, 9]],
    ['kernel', [2, 12]],
    ['recurrent', [3, 12]],
    ['bias', [8]],
    ['candidateBias', [9]],
  ] as const)('refuses %s of shape %j, which does not fit the others', (name, shape) => {
    expect(() => made({ [name]: [...shape] })).toThrow(
      expect.objectContaining({ name: 'UsageError', message: expect.stringContaining('do not fit') }),
    );
  });
});
