import { hostname } from 'node:os';

/** This machine's name, as part of a file name. */
const HOST = hostname().replace(/[^A-Za-z0-9.-]/g, '-');
/** When this process started, to distinguish processes that reused a PID. */
const START = Math.round(performance.timeOrigin);

/** This process as part of a file name: `HOST~PID~START`. */
export const PROCESS_NAME = `${HOST}~${process.pid}~${START}`;

/**
 * Whether the process that is named `HOST~PID~START` in a file name is running; `unknown` if it ran
 * on another machine.
 *
 * @example
 * if (processState('host~4711~1700000000000') === 'ended') console.log('its files may be removed');
 */
export function processState(processName: string): 'running' | 'ended' | 'unknown' {
  const [host, pid = '', start] = processName.split('~');
  if (host !== HOST || !/^\d+$/.test(pid)) return 'unknown';
  if (Number(pid) === process.pid) return Number(start) === START ? 'running' : 'ended';
  try {
    process.kill(Number(pid), 0);
    return 'running';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'ended' : 'running';
  }
}
