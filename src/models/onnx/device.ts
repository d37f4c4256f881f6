import { existsSync } from 'node:fs';
import { inChild } from './child-try.ts';
import { type Device, readDevice } from './device-name.ts';
import { probeInput, probeModel, probeShape } from './device-probe-model.ts';
import { missingLibrary } from './missing-library.ts';
import { executionProviders } from './runtime.ts';

/** The request to the child process. */
export interface ProbeRequest {
  readonly device: Device;
  readonly number: number;
  readonly model: Uint8Array;
  readonly input: Float32Array;
  readonly shape: readonly number[];
}

/** Its reply. */
export type ProbeReply =
  | {
      readonly kind: 'ran';
      /** Largest difference from the CPU's result, relative to its largest value. */
      readonly difference: number;
      /** The fastest of three runs, and of three on one CPU thread. */
      readonly milliseconds: number;
      readonly cpuMilliseconds: number;
    }
  | { readonly kind: 'failed'; readonly message: string };

/** What trying a device found. */
export type DeviceFinding =
  | { readonly usable: true; readonly milliseconds: number; readonly cpuMilliseconds: number }
  | {
      readonly usable: false;
      readonly reason: string /** What to do, where that is known. */;
      readonly remedy?: string | undefined;
    };

/**
 * Reduced precision inside a device (TF32, half-float accumulation) stays below this; a wrong
 * result does not.
 */
const tolerance = 0.01;

/**
 * Whether ONNX Runtime can compute on a device: a small network is created and run there in a child
 * process, so that a crashing driver does no harm, and its result is compared with the CPU's. Takes
 * about a second, at most 60.
 *
 * @param number - its index among devices of its kind, as the driver counts them.
 *
 * @example
 * await tryDevice('webgpu'); // { usable: false, reason: 'Failed to get a WebGPU adapter: No supported adapters' }
 */
export async function tryDevice(device: 'cuda' | 'webgpu', number = 0): Promise<DeviceFinding> {
  const providers = executionProviders();
  if (!providers.includes(device)) {
    return { usable: false, reason: `this ONNX Runtime has no provider '${device}', only ${providers.join(', ')}` };
  }
  const request: ProbeRequest = { device, number, model: probeModel(), input: probeInput(), shape: probeShape };
  const { reply, printed } = await inChild<ProbeRequest, ProbeReply>('device-probe.js', request);
  if (reply.kind === 'failed') {
    const missing = missingLibrary(printed) ?? missingLibrary(reply.message);
    if (missing === undefined) return { usable: false, reason: shortened(reply.message) };
    return { usable: false, reason: `${missing.fileName} is missing`, remedy: missing.remedy };
  }
  if (!(reply.difference <= tolerance)) {
    const by = `${(100 * reply.difference).toFixed(1)} %`;
    return { usable: false, reason: `its result differs from the CPU's by ${by}` };
  }
  return { usable: true, milliseconds: reply.milliseconds, cpuMilliseconds: reply.cpuMilliseconds };
}

/** A device that works. */
export interface ChosenDevice {
  readonly device: Device;
  /** Its index among devices of its kind, as the driver counts them. */
  readonly numbers: readonly number[];
  /** A sentence about a requested device that is not used. */
  readonly says?: string | undefined;
}

/**
 * The device that networks run on. A device is tried before it is chosen; if a requested device
 * does not work, the CPU is used instead, with a sentence that says why. `auto` says nothing if the
 * system has no graphics device, and never chooses a device that is slower than one CPU thread, as
 * software drivers are.
 *
 * @param wanted - a name for `readDevice`.
 * @throws UsageError for any other name.
 *
 * @example
 * const { device, says } = await chooseDevice('auto');
 * if (says !== undefined) console.error(says);
 */
export async function chooseDevice(
  wanted: string,
  options: {
    readonly try?: typeof tryDevice | undefined;
    readonly mayBeThere?: ((device: 'cuda' | 'webgpu') => boolean) | undefined;
  } = {},
): Promise<ChosenDevice> {
  const { device: named, numbers } = readDevice(wanted);
  const attempt = options.try ?? tryDevice;
  const mayBeThere = options.mayBeThere ?? showsGraphics;
  const cpu = { device: 'cpu', numbers: [0] } as const;
  if (named === 'cpu') return cpu;
  if (named !== 'auto') {
    for (const number of numbers) {
      const finding = await attempt(named, number);
      const name = numbers.length > 1 || number > 0 ? `${named}:${number}` : named;
      if (!finding.usable) return { ...cpu, says: `${name} cannot be used (${finding.reason}): computing on the CPU` };
    }
    return { device: named, numbers };
  }
  const reasons: string[] = [];
  for (const device of ['cuda', 'webgpu'] as const) {
    if (!mayBeThere(device)) continue;
    const finding = await attempt(device, 0);
    if (!finding.usable) reasons.push(`${device}: ${finding.reason}`);
    else if (finding.milliseconds < finding.cpuMilliseconds) return { device, numbers: [0] };
    else reasons.push(`${device}: slower than the CPU, like a software driver`);
  }
  if (reasons.length === 0) return cpu;
  return { ...cpu, says: `computing on the CPU (${reasons.join('; ')})` };
}

/**
 * Whether the system has any graphics device; only Linux reveals that for free, elsewhere ONNX
 * Runtime is asked each time.
 */
function showsGraphics(device: 'cuda' | 'webgpu'): boolean {
  if (process.platform !== 'linux') return true;
  const nodes = device === 'cuda' ? ['/dev/nvidiactl', '/dev/dxg'] : ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'];
  return nodes.some((path) => existsSync(path));
}

/** ONNX Runtime's message on one line, without its source location. */
export function shortened(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  const said = line.split(/ was false\. |: (?=Failed )/).at(-1) ?? line;
  return said.length > 200 ? `${said.slice(0, 197)}...` : said;
}
