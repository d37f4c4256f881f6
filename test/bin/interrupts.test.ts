import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { catchInterrupts } from '../../bin/interrupts.ts';

// The timer that ends the process must not be one of the tests'.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('an interrupt drains, a second one stops, and further ones say and do nothing', () => {
  const before = process.listeners('SIGINT');
  const said: string[] = [];
  const interrupts = catchInterrupts((line) => said.push(line));
  const [signal] = process.listeners('SIGINT').filter((listener) => !before.includes(listener));
  signal?.('SIGINT');
  expect([interrupts.drain.aborted, interrupts.stop.aborted]).toEqual([true, false]);
  for (let time = 0; time < 3; time++) signal?.('SIGINT');
  expect(interrupts.stop.aborted).toBe(true);
  expect(said).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(1);
  interrupts.release();
  expect(process.listeners('SIGINT')).toEqual(before);
});
