import { existsSync } from 'node:fs';
import { inChild } from './child-try.ts';
import { type Device, readDevice } from './device-name.ts';
import { probeInput, probeModel, probeShape } from './device-probe-model.ts';
import { missingLibrary } from './missing-library.ts';
import { executionProviders } from './runtime.ts';

/** What the child process is asked. */
export interface ProbeRequest {
  readonly device: Device;
  readonly number: number;
  readonly model: Uint8Array;
  readonly input: Float32Array;
  readonly shape: readonly number[];
}

/** What it answers. */
export type ProbeReply =
  | {
      readonly kind: 'ran';
      /** Greatest difference from the CPU's result, by the greatest of its values. */
      readonly difference: number;
      /** The fastest of three runs, and of three on one thread of the CPU. */
      readonly milliseconds: number;
      readonly cpuMilliseconds: number;
    }
  | { readonly kind: 'failed'; readonly message: string };

/** What a try of a device found. */
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
 * process, so that a crashing driver takes nothing with it, and its result is compared with the
 * CPU's. Takes a second; at most 60.
 *
 * @param number - which of its kind, as the driver counts them.
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
  /** Which of its kind, as the driver counts them. */
  readonly numbers: readonly number[];
  /** A sentence about what was wanted and is not used. */
  readonly says?: string | undefined;
}

/**
 * The device that networks are computed on. A device is tried before it is chosen; one that is
 * asked for and does not work is replaced by the CPU, with a sentence that says why. `auto` says
 * nothing where the system shows no graphics device, and never takes a device that is slower than
 * one thread of the CPU, as software drivers are.
 *
 * @param wanted - as `readDevice` takes it.
 * @throws UsageError for another word.
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
 * Whether the system shows any graphics device; only Linux tells it at no cost, elsewhere ONNX
 * Runtime is asked each time.
 */
function showsGraphics(device: 'cuda' | 'webgpu'): boolean {
  if (process.platform !== 'linux') return true;
  const nodes = device === 'cuda' ? ['/dev/nvidiactl', '/dev/dxg'] : ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'];
  return nodes.some((path) => existsSync(path));
}

/** What ONNX Runtime says, without the place in its source: one line. */
export function shortened(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  const said = line.split(/ was false\. |: (?=Failed )/).at(-1) ?? line;
  return said.length > 200 ? `${said.slice(0, 197)}...` : said;
}
