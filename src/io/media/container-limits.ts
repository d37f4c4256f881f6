import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bytes } from '../../operators/payload.ts';

/** Where control groups are found. */
export interface ControlGroups {
  /** The file that lists the process's groups. Default `/proc/self/cgroup`. */
  readonly list: string;
  /** Where their file systems are mounted. Default `/sys/fs/cgroup`. */
  readonly root: string;
}

const HERE: ControlGroups = { list: '/proc/self/cgroup', root: '/sys/fs/cgroup' };

/**
 * Memory that this process may use: the machine's, or less inside a container (control groups,
 * version 1 or 2, at any level).
 *
 * @example
 * availableMemory() / 2 ** 30; // GiB
 */
export function availableMemory(groups: ControlGroups = HERE): Bytes {
  const limits = [...valuesOf(groups, '', 'memory.max'), ...valuesOf(groups, 'memory', 'memory.limit_in_bytes')];
  return Math.min(totalmem(), ...limits.map(Number).filter((limit) => limit > 0));
}

/**
 * Cores that this process may use: those that it may be scheduled on, or fewer if a container has a
 * CPU quota. At least 1; part of a core counts as one.
 */
export function availableCores(groups: ControlGroups = HERE): number {
  const cores = valuesOf(groups, '', 'cpu.max').map((text) => {
    const [quota, period] = text.split(' ').map(Number);
    return (quota ?? Number.NaN) / (period ?? Number.NaN);
  });
  for (const controller of ['cpu', 'cpu,cpuacct']) {
    const quotas = valuesOf(groups, controller, 'cpu.cfs_quota_us').map(Number);
    const periods = valuesOf(groups, controller, 'cpu.cfs_period_us').map(Number);
    for (const [level, quota] of quotas.entries()) cores.push(quota / (periods[level] ?? Number.NaN));
  }
  return Math.min(
    availableParallelism(),
    ...cores.filter((count) => count > 0).map((count) => Math.max(1, Math.ceil(count))),
  );
}

/**
 * The values of a file in the process's group and in all groups above it. Inside a container the
 * listed path may be the host's; then the root's file counts.
 */
function valuesOf({ list, root }: ControlGroups, controller: string, file: string): string[] {
  const path = groupPath(list, controller);
  if (path === undefined) return [];
  const values: string[] = [];
  const mount = join(root, controller);
  for (let at = path; ; at = dirname(at)) {
    const full = join(mount, at, file);
    if (existsSync(full)) values.push(readFileSync(full, 'latin1').trim());
    if (at === dirname(at)) return values;
  }
}

/**
 * The path of the process's group: in the unified hierarchy if no controller is given, else in the
 * one that has the controller.
 */
function groupPath(list: string, controller: string): string | undefined {
  if (!existsSync(list)) return undefined;
  for (const line of readFileSync(list, 'latin1').split('\n')) {
    const [number, controllers, ...rest] = line.split(':');
    const isIt = controller === '' ? number === '0' && controllers === '' : controllers === controller;
    if (isIt) return join('/', rest.join(':'));
    // A hierarchy of several controllers is mounted under all their names.
    if (controller !== '' && controllers?.split(',').includes(controller)) return join('/', rest.join(':'));
  }
  return undefined;
}
