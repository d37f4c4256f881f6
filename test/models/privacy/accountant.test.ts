import { describe, expect, it } from 'vitest';
import { epsilonOf, privacyOrders, sampledGaussianDivergence } from '../../../src/models/privacy/accountant.ts';

/** Mironov's first conversion (2017), with which older tables were made. */
function earlierEpsilon(
  spent: readonly { rate: number; noise: number; steps: number }[],
  delta: number,
  orders: readonly number[],
) {
  return Math.min(
    ...orders.map(
      (order) =>
        spent.reduce((sum, step) => sum + step.steps * sampledGaussianDivergence(step, order), 0) -
        Math.log(delta) / (order - 1),
    ),
  );
}

const integers = Array.from({ length: 31 }, (_, at) => at + 2);

describe('accountant of the sampled Gaussian mechanism', () => {
  it('has the divergences that the tests of TensorFlow Privacy publish', () => {
    expect(10 * sampledGaussianDivergence({ rate: 1, noise: 10 }, 20)).toBeCloseTo(1, 12);
    expect(10 * sampledGaussianDivergence({ rate: 0.1, noise: 2 }, 5)).toBeCloseTo(0.07737, 5);
    const published = { 1.5: 0.00065, 2.5: 0.001085, 5: 0.00218075, 50: 0.023846, 100: 167.416307 };
    for (const [order, divergence] of Object.entries(published)) {
      const found = 50 * sampledGaussianDivergence({ rate: 0.01, noise: 2.5 }, Number(order));
      expect(Math.abs(found - divergence)).toBeLessThan(1e-5);
    }
  });

  it('has the epsilon of 10,000 steps at the rate 0.01 that TensorFlow Privacy publishes', () => {
    const spent = [{ rate: 0.01, noise: 4, steps: 10_000 }];
    expect(earlierEpsilon(spent, 1e-5, integers)).toBeCloseTo(1.258575, 5);
  });

  it('is never below the exact divergence where noise is tiny, and then takes no time', () => {
    // log A of an integer order in closed form (Mironov, Talwar and Zhang 2019, section 3.3).
    const exact = (rate: number, noise: number, order: number) => {
      const terms: number[] = [];
      let choose = 0;
      for (let k = 0; k <= order; k++) {
        terms.push(choose + (order - k) * Math.log1p(-rate) + k * Math.log(rate) + (k * k - k) / (2 * noise ** 2));
        choose += Math.log((order - k) / (k + 1));
      }
      const most = Math.max(...terms);
      return (most + Math.log(terms.reduce((sum, term) => sum + Math.exp(term - most), 0))) / (order - 1);
    };
    expect(sampledGaussianDivergence({ rate: 0.01, noise: 0.1 }, 2)).toBeCloseTo(exact(0.01, 0.1, 2), 6);
    for (const noise of [1e-7, 1e-4, 0.05, 0.0999]) {
      for (const order of [2, 3, 16, 64]) {
        const found = sampledGaussianDivergence({ rate: 0.01, noise }, order);
        expect(found).toBeGreaterThanOrEqual(exact(0.01, noise, order));
      }
    }
    const epsilons = [1e-7, 1e-4, 0.05, 0.0999, 0.1, 0.2].map((noise) =>
      epsilonOf([{ rate: 0.01, noise, steps: 100 }], 1e-5),
    );
    expect(epsilons.every(Number.isFinite)).toBe(true);
    expect(epsilons).toEqual([...epsilons].sort((a, b) => b - a));
  });

  it('adds up different mechanisms as TensorFlow Privacy and Opacus publish', () => {
    const orders = [1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 64, 256];
    const spent = [
      { rate: 1e-4, noise: 0.4, steps: 40_000 },
      { rate: 0.1, noise: 2, steps: 100 },
    ];
    expect(earlierEpsilon(spent, 1e-5, orders)).toBeCloseTo(8.509656, 5);
    const ofOpacus = [
      { rate: 1e-5, noise: 1, steps: 10 },
      { rate: 1e-4, noise: 3, steps: 4 },
    ];
    expect(epsilonOf(ofOpacus, 1e-5)).toBeLessThanOrEqual(0.3365);
    const order = 23;
    const divergence = ofOpacus.reduce((sum, step) => sum + step.steps * sampledGaussianDivergence(step, order), 0);
    expect(divergence + Math.log(22 / 23) - Math.log(1e-5 * 23) / 22).toBeCloseTo(0.336, 3);
  });

  it.each([
    [1.12, 60, 2.92],
    [0.6, 30, 9.74],
    [1.2, 10, 1.2],
  ])(
    'gives the MNIST settings of TensorFlow Privacy, noise %d and %d epochs, their epsilon %d',
    (noise, epochs, is) => {
      const spent = [{ rate: 256 / 60_000, noise, steps: Math.floor((epochs * 60_000) / 256) }];
      expect(Math.abs(earlierEpsilon(spent, 1e-5, privacyOrders) - is)).toBeLessThan(0.02);
      expect(epsilonOf(spent, 1e-5)).toBeLessThan(is);
    },
  );

  it('grows with steps and rate, falls with noise and delta, and is infinite without noise', () => {
    const usual = { rate: 0.01, noise: 1.1, steps: 10_000 };
    const epsilon = epsilonOf([usual], 1e-5);
    expect(epsilonOf([{ ...usual, steps: 20_000 }], 1e-5)).toBeGreaterThan(epsilon);
    expect(epsilonOf([{ ...usual, rate: 0.02 }], 1e-5)).toBeGreaterThan(epsilon);
    expect(epsilonOf([{ ...usual, noise: 2 }], 1e-5)).toBeLessThan(epsilon);
    expect(epsilonOf([usual], 1e-4)).toBeLessThan(epsilon);
    expect(epsilonOf([{ ...usual, noise: 0 }], 1e-5)).toBe(Number.POSITIVE_INFINITY);
    expect(epsilonOf([{ ...usual, steps: 0 }], 1e-5)).toBe(0);
    expect(() => epsilonOf([{ ...usual, rate: 0 }], 1e-5)).toThrow('`rate` must be a number above 0 and at most 1');
    expect(() => epsilonOf([usual], 1)).toThrow('`delta`');
  });
});
