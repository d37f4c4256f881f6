import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { catchInterrupts } from '../../bin/interrupts.ts';

// The timer that ends the process must not be one of the tests'.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('an interrupt drains, a second one stops, and further ones say and do nothing', () => {
  const before = process.listeners('SIGINT');
  const said: string[] = [];
  const interrupts = catchInterrupts({ warn: (line) => said.push(line) }, 'finishing');
  const [signal] = process.listeners('SIGINT').filter((listener) => !before.includes(listener));
  signal?.('SIGINT');
  expect([interrupts.drain.aborted, interrupts.stop.aborted]).toEqual([true, false]);
  for (let time = 0; time < 3; time++) signal?.('SIGINT');
  expect(interrupts.stop.aborted).toBe(true);
  expect(said).toEqual(['finishing', 'stopping now; finished items are kept']);
  expect(vi.getTimerCount()).toBe(1);
  interrupts.release();
  expect(process.listeners('SIGINT')).toEqual(before);
});

it('a command that cannot drain has a time in which it ends, from the first interrupt on', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const before = process.listeners('SIGINT');
  const interrupts = catchInterrupts({ warn: () => undefined }, 'stopping', 2000);
  const [signal] = process.listeners('SIGINT').filter((listener) => !before.includes(listener));
  signal?.('SIGINT');
  vi.advanceTimersByTime(1999);
  expect(exit).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(exit).toHaveBeenCalledExactlyOnceWith(130);
  interrupts.release();
  exit.mockRestore();
});
