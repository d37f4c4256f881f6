import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { openDriverQueue } from '../../../src/io/queue/driver-queue.ts';
import { openWorkerQueue } from '../../../src/io/queue/worker-queue.ts';
import { QUEUE_SERVERS } from '../../faults/queue-server.ts';

const onError = () => undefined;
const listeners = { onReport: () => undefined, onRefusal: () => undefined, onError };
const worker = { concurrency: 1, lock: 60_000, onError };
const newName = () => `reelflow-test-${randomBytes(8).toString('hex')}`;

for (const [server, { missing, start }] of Object.entries(QUEUE_SERVERS)) {
  const title = missing === undefined ? `a queue on ${server}` : `a queue on ${server} (left out: ${missing})`;
  describe.skipIf(missing !== undefined)(title, () => {
    it('can be closed even while its server does not answer', async () => {
      const running = await start();
      onTestFinished(() => running.end());
      const name = newName();
      const queue = await openDriverQueue(running.uri, name, listeners);
      const taking = await openWorkerQueue(running.uri, name, worker);
      await queue.add([{ item: 'heat', graph: 'g' }]);
      const taken = await taking.next();
      running.signal('SIGSTOP');
      taken?.done({});
      taking.stop();
      // The test is that this ends at all.
      await Promise.all([taking.close(), queue.close()]);
    });

    it('has no jobs after it is dropped, and then accepts the same job again', async () => {
      const running = await start();
      onTestFinished(() => running.end());
      const name = newName();
      const queue = await openDriverQueue(running.uri, name, listeners);
      const job = { item: 'heat', graph: 'g' };
      await queue.add([job]);
      const gone = await openWorkerQueue(running.uri, name, worker);
      expect((await gone.next())?.data).toEqual(job);
      expect(await queue.depth()).toEqual({ waiting: 0, delayed: 0, active: 1 });
      // The job is this worker's for a minute, so adding it again does nothing.
      await queue.add([job]);
      expect((await queue.depth()).waiting).toBe(0);
      await queue.drop();
      expect(await queue.depth()).toEqual({ waiting: 0, delayed: 0, active: 0 });
      await queue.add([job]);
      const other = await openWorkerQueue(running.uri, name, worker);
      const taken = await other.next();
      expect(taken?.data).toEqual(job);
      taken?.done({});
      other.stop();
      await other.close();
      await queue.close();
    });
  });
}

const redis = QUEUE_SERVERS.Redis;
describe.skipIf(redis.missing !== undefined)('a queue on Redis, which anybody may write to,', () => {
  it('reports what workers finish even after an event that is not JSON', async () => {
    const running = await redis.start();
    onTestFinished(() => running.end());
    const name = newName();
    const reports: unknown[] = [];
    const errors: Error[] = [];
    const queue = await openDriverQueue(running.uri, name, {
      ...listeners,
      onReport: (report) => reports.push(report),
      onError: (error) => errors.push(error),
    });
    const stranger = new Redis(running.uri);
    onTestFinished(() => stranger.disconnect());
    const taking = await openWorkerQueue(running.uri, name, worker);
    let made = 0;
    // What happens before the driver listens, or while it pauses, is not reported.
    const untilReported = async () => {
      for (const before = reports.length; reports.length === before; made += 1) {
        await queue.add([{ item: `heat ${made}`, graph: 'g' }]);
        (await taking.next())?.done(made);
        await sleep(100);
      }
    };
    await untilReported();
    await stranger.xadd(`bull:${name}:events`, '*', 'event', 'completed', 'jobId', '1', 'returnvalue', 'not JSON');
    await untilReported();
    expect(reports.every((report) => typeof report === 'number')).toBe(true);
    expect(errors).toEqual([]);
    taking.stop();
    await Promise.all([taking.close(), queue.close()]);
  });
});

const postgres = QUEUE_SERVERS.PostgreSQL;
describe.skipIf(postgres.missing !== undefined)(
  'a queue on PostgreSQL, which relies on the clocks of its clients,',
  () => {
    it('is set up again where a setup fails, and then gives its jobs', async () => {
      const running = await postgres.start();
      onTestFinished(() => running.end());
      const name = newName();
      const queue = await openDriverQueue(running.uri, name, listeners);
      await queue.add([{ item: 'heat', graph: 'g' }]);
      const { port, hostname } = new URL(running.uri);
      let connections = 0;
      // The first connection asks whether the server is there; the second one sets up, and is cut.
      const proxy = createServer((client) => {
        connections += 1;
        if (connections === 2) return void client.destroy();
        const server = connect(Number(port), hostname);
        for (const [from, to] of [
          [client, server],
          [server, client],
        ] as const) {
          from.on('error', () => to.destroy());
          from.pipe(to);
        }
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void proxy.close());
      const through = new URL(running.uri);
      through.port = String((proxy.address() as AddressInfo).port);
      const taking = await openWorkerQueue(through.href, name, worker);
      const taken = await taking.next();
      expect(taken?.data).toEqual({ item: 'heat', graph: 'g' });
      taken?.done({});
      taking.stop();
      await taking.close();
      await queue.close();
      expect(connections).toBeGreaterThan(2);
    });

    it('refuses a client whose clock is wrong', async () => {
      const running = await postgres.start();
      onTestFinished(() => running.end());
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 5 * 3_600_000 });
      onTestFinished(() => void vi.useRealTimers());
      await expect(openWorkerQueue(running.uri, newName(), worker)).rejects.toMatchObject({
        ...{ code: 'queue', message: expect.stringMatching(/clock .* 18000 seconds behind that of the queue/) },
      });
    });
  },
);
