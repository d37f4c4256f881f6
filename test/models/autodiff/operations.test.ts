import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seededUniform } from '../../../src/models/autodiff/initialisers.ts';
import { checkGradients } from './gradient-check.ts';
import { operationCases } from './operation-cases.ts';

test('every file of operators has a gradient check', () => {
  const folder = resolve(import.meta.dirname, '../../../src/models/autodiff/operations');
  const files = readdirSync(folder).map((file) => file.replace(/\.ts$/, ''));
  expect(Object.keys(operationCases).sort()).toEqual(files.sort());
});

for (const [file, cases] of Object.entries(operationCases)) {
  describe(`the gradient of ${file} agrees with finite differences`, () => {
    test.each(Object.entries(cases))('%s', async (name, operator) => {
      const { difference, largest } = await checkGradients(operator, seededUniform(1, name));
      expect(largest).toBeGreaterThan(0.01);
      expect(difference).toBeLessThan(1e-8);
    });
  });
}
