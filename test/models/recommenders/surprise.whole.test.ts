import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { readReference, settingOf } from '../../../bench/surprise-reference.ts';
import { accuracy } from '../../../src/models/metrics/accuracy.ts';

const data = '../shared/data';
const here = existsSync(`${data}/reference/surprise_ml_latest_small.json`);

describe.skipIf(!here)(`as Surprise computes them${here ? '' : ' (skipped: ../shared is absent)'}`, () => {
  let reference: ReturnType<typeof readReference>;
  beforeAll(() => {
    reference = readReference(data);
  });

  test('all 28 settings have its RMSE and MAE: to 0.0001 where there is no chance in it, to 0.005 where there is', () => {
    const { settings, train, test: asked } = reference;
    expect(settings.length).toBe(28);
    for (const setting of settings) {
      const model = settingOf(setting);
      model.fit(train);
      const predictions = model.predict(asked.users, asked.items) as Float32Array;
      const { rmse, mae } = accuracy(asked.values, predictions, train.scale);
      const tolerance = setting.model === 'svd' ? 0.005 : 0.0001;
      const named = `${setting.model}, ${setting.options}`;
      expect(Math.abs(rmse - setting.rmse), `RMSE of ${named}`).toBeLessThan(tolerance);
      expect(Math.abs(mae - setting.mae), `MAE of ${named}`).toBeLessThan(tolerance);
    }
  });
});
