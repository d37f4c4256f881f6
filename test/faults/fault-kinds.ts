import { type ChildProcess, execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectServer } from '../fixtures/object-server.ts';
import { PostgresServer } from '../fixtures/postgres-server.ts';
import { RedisServer } from '../fixtures/redis-server.ts';
import type { Campaign } from './campaign.ts';
import type { ClockShift } from './process.ts';
import { KILLS_WORKER } from './synthetic-graph.ts';

/** Does a fault to a campaign; false where there was nothing that it could be done to. */
type Fault = (campaign: Campaign) => Promise<boolean> | boolean;

const HOUR = 3_600_000;
const short = () => sleep(20 + Math.random() * 200);
const one = <Each>(list: readonly Each[]): Each | undefined => list[Math.floor(Math.random() * list.length)];

/** Every kind of fault, by what is done. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'a worker is killed': (campaign) => campaign.worker()?.kill('SIGKILL') ?? false,
  'a worker is told to end': (campaign) => campaign.worker()?.kill('SIGTERM') ?? false,
  'a worker is stopped for longer than its lock, and continues': async (campaign) => {
    const worker = campaign.worker();
    if (worker?.kill('SIGSTOP') !== true) return false;
    await sleep(2500);
    return worker.kill('SIGCONT');
  },
  'the driver is killed': (campaign) => campaign.driver()?.kill('SIGKILL') ?? false,
  'a second driver is started': (campaign) => campaign.secondDriver(),
  'the clock of a worker jumps by hours': (campaign) => clockJumped(campaign.worker()),
  'the clock of the driver jumps by hours': (campaign) => clockJumped(campaign.driver()),
  'Redis is killed and started again': ({ server }) => server instanceof RedisServer && restarted(server, 'kill'),
  'Redis is killed, and the end of its file is cut off': async ({ server }) => {
    if (!(server instanceof RedisServer)) return false;
    await server.kill();
    server.truncate(1 + Math.floor(Math.random() * 20_000));
    await server.begin();
    return true;
  },
  'Redis loses everything': async ({ server }) => {
    if (!(server instanceof RedisServer)) return false;
    await server.kill();
    server.forget();
    await server.begin();
    return true;
  },
  'PostgreSQL is killed and started again': ({ server }) =>
    server instanceof PostgresServer && restarted(server, 'kill'),
  'PostgreSQL is restarted': ({ server }) => server instanceof PostgresServer && restarted(server, 'stop'),
  'PostgreSQL loses every job': async ({ server }) => {
    if (!(server instanceof PostgresServer)) return false;
    return server.connected(async (client) => {
      const { rows } = await client.query("SELECT to_regclass('bullmq.job') IS NOT NULL AS made");
      if (rows[0]?.made !== true) return false;
      await client.query('TRUNCATE bullmq.job CASCADE');
      return true;
    });
  },
  'inputs are added': (campaign) => {
    campaign.write();
    campaign.write();
    return true;
  },
  'an input changes': (campaign) => {
    const name = one(campaign.plainInputs());
    if (name !== undefined) campaign.write('plain', name);
    return name !== undefined;
  },
  'an input is removed': (campaign) => {
    const names = campaign.plainInputs();
    const name = names.length < 12 ? undefined : one(names);
    if (name !== undefined) campaign.remove(name);
    return name !== undefined;
  },
  'the output is read-only for a while': async (campaign) => {
    if (!campaign.isMounted || !remounted(campaign.place, 'ro')) return false;
    await short();
    return remounted(campaign.place, 'rw');
  },
  'the disk is full for a while': async (campaign) => {
    if (!campaign.isMounted) return false;
    const path = join(campaign.place, 'full');
    try {
      writeFileSync(path, Buffer.alloc(8 << 20));
    } catch {
      // That is the fault.
    }
    await short();
    rmSync(path, { force: true });
    return true;
  },
  'an item that kills its worker is added': (campaign) => {
    // Where nobody says what is in work, it is never convicted.
    if (campaign.store !== undefined) return false;
    campaign.write(KILLS_WORKER);
    return true;
  },
  'the object store fails, is slow and cuts for a while': ({ store }) =>
    store !== undefined &&
    during(store.objects, () => one([409, 500, 503, 'cut-before', 'cut-after', 'cut-within', 'slow'])),
  'the object store is away for a while': ({ store }) =>
    store !== undefined && during(store.objects, () => 'cut-before', 1),
  'the object store does what it is asked, and no answer comes': ({ store }) =>
    store !== undefined && during(store.objects, ({ method }) => (method === 'PUT' ? 'cut-after' : undefined)),
};

/** A server goes, and comes back a little later. */
async function restarted<End extends 'kill' | 'stop'>(
  server: Readonly<Record<End | 'begin', () => Promise<void>>>,
  end: End,
): Promise<boolean> {
  await server[end]();
  await short();
  await server.begin();
  return true;
}

/** A store has these faults for a while, at a share of what it is asked. */
async function during(objects: ObjectServer, fault: ObjectServer['fault'], share = 0.5): Promise<true> {
  objects.fault = (request, index) => (Math.random() < share ? fault(request, index) : undefined);
  await sleep(1000);
  objects.fault = () => undefined;
  return true;
}

/** By up to half a day, forwards or back, and seen by nobody but that process. */
function clockJumped(of: ChildProcess | undefined): boolean {
  const hours = (Math.random() < 0.5 ? -1 : 1) * (1 + 11 * Math.random());
  const shift: ClockShift = { clock: Math.round(hours * HOUR) };
  return of?.connected === true && of.send(shift);
}

/** Files that are open for writing keep a file system from becoming read-only. */
function remounted(place: string, how: 'ro' | 'rw'): boolean {
  try {
    execFileSync('mount', ['-o', `remount,${how}`, place], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
