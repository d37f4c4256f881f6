import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { command } from '../../bin/commands/extract.ts';
import { command as workerCommand } from '../../bin/commands/worker.ts';
import { parseCommand } from '../../bin/parse-command.ts';
import { parseBytes } from '../../src/operators/budget.ts';
import { pageText } from '../fixtures/docs.ts';

const directory = fileURLToPath(new URL('../../examples/scaling/', import.meta.url));
const read = (name: string) => readFileSync(`${directory}${name}`, 'utf8');
const manifest = (name: string) => parse(read(name)) as unknown;

/** What a process of an array computes, as its command line and its environment say. */
function shardOf(words: readonly string[], environment: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(words[0]).toBe('extract');
  const { operands, values } = parseCommand(command, words.slice(1));
  expect([operands, values.out, values.steal]).toEqual([['/data/trailers'], '/data/features', true]);
  return values.shard;
}

describe('the manifests of', () => {
  it('a Kubernetes Indexed Job give every pod a shard of its own, and there are as many', () => {
    const { apiVersion, kind, spec } = manifest('kubernetes-job.yaml') as {
      readonly apiVersion: string;
      readonly kind: string;
      readonly spec: {
        readonly completionMode: string;
        readonly completions: number;
        readonly parallelism: number;
        readonly template: {
          readonly spec: {
            readonly restartPolicy: string;
            readonly containers: readonly {
              readonly args: readonly string[];
              readonly volumeMounts: readonly { readonly name: string }[];
            }[];
            readonly volumes: readonly { readonly name: string }[];
          };
        };
      };
    };
    expect([apiVersion, kind, spec.completionMode]).toEqual(['batch/v1', 'Job', 'Indexed']);
    expect(spec.parallelism).toBe(spec.completions);
    // A policy for failures of pods is taken with this one only.
    expect(spec.template.spec.restartPolicy).toBe('Never');
    const [container] = spec.template.spec.containers;
    expect(container?.volumeMounts.map(({ name }) => name)).toEqual(spec.template.spec.volumes.map(({ name }) => name));
    const last = spec.completions - 1;
    expect(shardOf(container?.args ?? [], { JOB_COMPLETION_INDEX: String(last) })).toEqual({
      ...{ index: last, count: spec.completions },
    });
  });

  it('an AWS Batch array name each other, and take index and size from its environment', () => {
    const definition = JSON.parse(read('aws-batch-job-definition.json'));
    const job = JSON.parse(read('aws-batch-job.json'));
    expect(job.jobDefinition).toBe(definition.jobDefinitionName);
    const { size } = job.arrayProperties;
    const environment = { AWS_BATCH_JOB_ARRAY_INDEX: '0', AWS_BATCH_JOB_ARRAY_SIZE: String(size) };
    const { command: words, volumes, mountPoints } = definition.containerProperties;
    expect(shardOf(words, environment)).toEqual({ index: 0, count: size });
    expect(mountPoints[0].sourceVolume).toBe(volumes[0].name);
  });

  it('a Slurm array are a script that bash takes, with as many tasks as shards', () => {
    execFileSync('bash', ['-n', `${directory}slurm-array.sh`]);
    const script = read('slurm-array.sh');
    const [, last = ''] = /^#SBATCH --array=0-(\d+)$/m.exec(script) ?? [];
    const [, words = ''] = /^exec reelflow (.*)$/m.exec(script) ?? [];
    const shard = shardOf(words.split(' '), { SLURM_ARRAY_TASK_ID: last, SLURM_ARRAY_TASK_COUNT: '1' });
    expect(shard).toEqual({ index: Number(last), count: Number(last) + 1 });
  });

  it('a compose file start a driver and workers of one image on one queue and one dataset', () => {
    const { services, volumes } = manifest('compose.yaml') as {
      readonly services: Readonly<
        Record<
          string,
          {
            readonly image: string;
            readonly command: string;
            readonly volumes: readonly string[];
            readonly depends_on?: readonly string[];
            readonly mem_limit?: string;
          }
        >
      >;
      readonly volumes: Readonly<Record<string, unknown>>;
    };
    expect(Object.keys(services)).toEqual(['queue', 'driver', 'worker']);
    const { queue, driver, worker } = services;
    const wordsOf = (of: typeof queue) => (of?.command ?? '').trim().split(/\s+/);
    expect(wordsOf(driver).slice(0, 2)).toEqual(['reelflow', 'extract']);
    expect(wordsOf(worker).slice(0, 2)).toEqual(['reelflow', 'worker']);
    const driven = parseCommand(command, wordsOf(driver).slice(2)).values;
    const done = parseCommand(workerCommand, wordsOf(worker).slice(2)).values;
    expect([driven.runner, driven.queue, driven.out]).toEqual(['bullmq', done.queue, done.out]);
    // A service is known by its name.
    expect(services[new URL(driven.queue ?? '').hostname]).toBe(queue);
    expect([driver?.image, driver?.volumes]).toEqual([worker?.image, worker?.volumes]);
    expect([driver?.depends_on, worker?.depends_on]).toEqual([['queue'], ['queue']]);
    expect(queue?.volumes.map((each) => each.split(':')[0])).toEqual(Object.keys(volumes));
    expect(wordsOf(queue).join(' ')).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
    expect(parseBytes(String(done.memory))).toBeLessThan(parseBytes(`${worker?.mem_limit?.toUpperCase()}iB`));
  });

  it('all schedulers are told of on the page of scaling, and no others', () => {
    const named = [...pageText('docs/scaling.md').matchAll(/examples\/scaling\/([a-z.-]+)\)/g)].map(([, name]) => name);
    expect([...new Set(named)].sort()).toEqual(readdirSync(directory).sort());
  });
});
