import { randomFillSync } from 'node:crypto';
import { existsSync, statfsSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { ReelflowError, UsageError } from '../../src/core/errors.ts';
import { wordsOf } from '../../src/core/words-of.ts';
import { defaultMemory } from '../../src/graphs/plan.ts';
import { availableCores, availableMemory } from '../../src/io/media/container-limits.ts';
import { findFfmpeg, findFfprobe, type MediaTool } from '../../src/io/media/ffmpeg.ts';
import { checkStore } from '../../src/io/objects/store-check.ts';
import { type Network, network } from '../../src/models/networks/network.ts';
import { tryDevice } from '../../src/models/onnx/device.ts';
import { placeName, readDevice } from '../../src/models/onnx/device-name.ts';
import { executionProviders, runtimeVersion } from '../../src/models/onnx/runtime.ts';
import { formatBytes } from '../../src/operators/budget.ts';
import type { Colours } from '../colours.ts';
import { defineCommand } from '../command.ts';
import { text } from '../option-table.ts';

/** One thing that was checked. */
interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** Missing, but optional. */
  readonly absent?: boolean | undefined;
  readonly says: string;
  readonly remedy?: string | undefined;
}

/** `reelflow doctor`: checks whether everything that a run needs is there. */
export const command = defineCommand({
  name: 'doctor',
  operands: [],
  does: 'checks Node.js, ffmpeg, ONNX Runtime, its devices, cores, memory and free disk',
  options: {
    store: text(
      's3://BUCKET/PREFIX',
      'also checks an object store: whether it refuses to overwrite a write-once object',
      'none',
    ),
    device: text('NAME', 'checks only this device (cpu, webgpu, cuda or cuda:1), with a two-second benchmark'),
  },
  examples: ['reelflow doctor', 'reelflow doctor --device cuda', 'reelflow doctor --store s3://films/features'],
  async run({ device, store }, { console }) {
    console.stage('checking the machine and its devices');
    const findings = [
      nodeVersion(),
      mediaTool('ffmpeg', findFfmpeg),
      mediaTool('ffprobe', findFfprobe),
      onnxRuntime(),
      ...(device === undefined ? await devices() : await oneDevice(device)),
      ...machine(),
      memoryAccounting(),
      ...(store === undefined ? [] : [await objectStore(store)]),
    ];
    console.result({ findings }, findingsText);
    return findings.every((finding) => finding.ok) ? 0 : 1;
  },
});

function findingsText({ findings }: { readonly findings: readonly Finding[] }, colours: Colours): string {
  const verdicts = { ok: colours.green('ok      '), absent: 'absent  ', missing: colours.red('MISSING ') };
  const lines = findings.flatMap(({ what, ok, absent = false, says, remedy }) => [
    `${verdicts[absent ? 'absent' : ok ? 'ok' : 'missing']} ${what.padEnd(14)} ${says}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(24)}${remedy}`]),
  ]);
  return `${lines.join('\n')}\n`;
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return {
    what: 'Node.js',
    ok,
    says: process.versions.node,
    remedy: ok ? undefined : 'Install Node.js 20.19 or newer.',
  };
}

function mediaTool(what: string, find: () => MediaTool): Finding {
  try {
    const tool = find();
    return { what, ok: true, says: `${tool.version}, from ${tool.origin}: ${tool.path}` };
  } catch (error) {
    return failed(what, error);
  }
}

function onnxRuntime(): Finding {
  try {
    const providers = executionProviders();
    return {
      what: 'ONNX Runtime',
      ok: true,
      says: `${runtimeVersion()}, execution providers that it knows: ${providers.join(', ')}`,
    };
  } catch (error) {
    return failed(
      'ONNX Runtime',
      error,
      'Install again: `ONNXRUNTIME_NODE_INSTALL=skip npm ci` (the CPU binary is in the package).',
    );
  }
}

/** Each device is tried in its own process; none of them is required. */
async function devices(): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const device of ['cuda', 'webgpu'] as const) {
    const what = `device ${device}`;
    try {
      const found = await tryDevice(device);
      const times = found.usable
        ? `a small network takes ${found.milliseconds.toFixed(1)} ms, one thread of the CPU ${found.cpuMilliseconds.toFixed(1)} ms`
        : found.reason;
      const isSlow = found.usable && found.milliseconds >= found.cpuMilliseconds;
      const says = isSlow ? `${times}: --device auto leaves it out` : times;
      findings.push({
        what,
        ok: true,
        absent: !found.usable,
        says,
        remedy: found.usable ? undefined : (found.remedy ?? remedies[device]),
      });
    } catch (error) {
      findings.push({ ...failed(what, error), ok: true, absent: true });
    }
  }
  return findings;
}

/** One device: whether it works, and how fast. The user asked for it, so it is required. */
async function oneDevice(name: string): Promise<Finding[]> {
  const { device, numbers } = readDevice(name);
  if (device === 'auto') {
    throw new UsageError("`--device` of doctor must name a device: cpu, webgpu, cuda or cuda:1, but is 'auto'");
  }
  const findings: Finding[] = [];
  for (const number of numbers) {
    const what = `device ${placeName({ device, number })}`;
    const found = device === 'cpu' ? undefined : await tryDevice(device, number);
    if (found?.usable === false && device !== 'cpu') {
      findings.push({ what, ok: false, says: found.reason, remedy: found.remedy ?? remedies[device] });
      continue;
    }
    findings.push({ what, ok: true, says: await benchmark(placeName({ device, number })) });
  }
  return findings;
}

/** Rows per second of a small network in full batches, measured for two seconds. */
async function benchmark(device: string): Promise<string> {
  const plan = network('squeezenet1_1', { weights: 'random:1' });
  const opened = await plan.open({ device });
  try {
    const rows = Array.from({ length: opened.maxBatch }, () => randomFillSync(new Uint8Array(plan.inputLength)));
    const embed = (batch: Uint8Array[]) => (opened as Network<Uint8Array>).embed(batch);
    await embed(rows);
    const started = performance.now();
    let count = 0;
    const run = async () => {
      while (performance.now() - started < 2000) {
        await embed(rows);
        count += rows.length;
      }
    };
    await Promise.all(Array.from({ length: opened.concurrency }, run));
    const rate = (1000 * count) / (performance.now() - started);
    return `${rate.toFixed(0)} rows/s of SqueezeNet 1.1 (RANDOM weights), ${opened.workers} session(s), batches of ${rows.length}`;
  } finally {
    await opened.close();
  }
}

const remedies = {
  cuda: 'On Linux x64 with an NVIDIA driver: install CUDA 12.x and cuDNN 9.x, then fetch the provider with `ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node --foreground-scripts`; see docs/devices.md.',
  webgpu: 'On Linux: install the Vulkan driver of your graphics card (`vulkaninfo` must show it); see docs/devices.md.',
} as const;

/** What this process may use of the machine, the container and the disk. */
function machine(): Finding[] {
  const [cores, memory] = [availableCores(), availableMemory()];
  const limits = [
    ...(memory < totalmem() ? [`memory ${formatBytes(memory)} of ${formatBytes(totalmem())}`] : []),
    ...(cores < cpus().length ? [`${cores} of ${cpus().length} cores`] : []),
  ];
  const here = process.cwd();
  const { bavail, bsize, blocks } = statfsSync(here);
  return [
    {
      what: 'machine',
      ok: true,
      says: `${cores} cores, ${formatBytes(memory)}; default --memory ${formatBytes(defaultMemory())}`,
    },
    {
      what: 'container',
      ok: true,
      says:
        limits.length > 0
          ? `limits this process to ${limits.join(' and ')} (control groups, or the cores that it may run on)`
          : 'no limit of memory or cores below those of the machine',
    },
    {
      what: 'free disk',
      ok: true,
      says: `${formatBytes(bavail * bsize)} of ${formatBytes(blocks * bsize)} at ${here}`,
    },
  ];
}

function memoryAccounting(): Finding {
  const ok = existsSync('/proc/self/smaps_rollup');
  const says = ok
    ? 'proportional set size of the process and its children (/proc)'
    : 'no /proc here: peak memory covers only this process, without decoders';
  return { what: 'memory figures', ok: true, says };
}

/** The user asked for it, so it is required. */
async function objectStore(address: string): Promise<Finding> {
  const what = 'object store';
  try {
    const { refusesSecondWrite, refusesStaleReplace, showsAtOnce } = await checkStore(address);
    const faults = [
      ...(refusesSecondWrite ? [] : ['overwrites a write-once object (`If-None-Match: *`)']),
      ...(refusesStaleReplace ? [] : ['overwrites an object that another process has just replaced (`If-Match`)']),
      ...(showsAtOnce ? [] : ['does not show writes or removals immediately']),
    ];
    return faults.length === 0
      ? { what, ok: true, says: `${address}: conditional writes work and are visible immediately` }
      : {
          what,
          ok: false,
          says: `${address} ${faults.join(', and ')}`,
          remedy:
            'A dataset written by several runs is not safe there: use another store, or a directory and one run at a time.',
        };
  } catch (error) {
    return failed(what, error);
  }
}

function failed(what: string, error: unknown, remedy?: string): Finding {
  const known = error instanceof ReelflowError ? error.remedy : undefined;
  return { what, ok: false, says: wordsOf(error), remedy: known ?? remedy };
}
