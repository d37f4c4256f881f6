import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkOneOf } from '../../check.ts';
import { probeInput, probeModel, probeShape } from './device-probe-model.ts';
import { missingLibrary } from './missing-library.ts';
import { executionProviders } from './runtime.ts';

/** Where a network is computed. */
export type Device = 'cpu' | 'cuda' | 'webgpu';

/** What can be asked for; `auto` is the first of cuda, webgpu and cpu that works and is faster than one thread of the CPU. */
export const wantedDevices = ['auto', 'cpu', 'cuda', 'webgpu'] as const;

/** A device, or `auto`. */
export type WantedDevice = (typeof wantedDevices)[number];

/** What the child process is asked. */
export interface ProbeRequest {
  readonly device: Device;
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
      readonly remedy?: string;
    };

/** Reduced precision inside a device (TF32, half-float accumulation) stays below this; a wrong result does not. */
const tolerance = 0.01;
const patience = 60_000;
/** Of what drivers print, this much is looked at: the end. Characters. */
const printedAtMost = 16 * 1024;
/** For a process that has answered to end and to close its pipes. */
const parting = 1000;

/**
 * Whether ONNX Runtime can compute on a device: a small network is created and run there in a child process, so that a crashing driver takes nothing
 * with it, and its result is compared with the CPU's. Takes a second; at most 60.
 *
 * @example
 * await tryDevice('webgpu'); // { usable: false, reason: 'Failed to get a WebGPU adapter: No supported adapters' }
 */
export async function tryDevice(device: 'cuda' | 'webgpu'): Promise<DeviceFinding> {
  const providers = executionProviders();
  if (!providers.includes(device)) {
    return { usable: false, reason: `this ONNX Runtime has no provider '${device}', only ${providers.join(', ')}` };
  }
  const { reply, printed } = await probe(device);
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

/**
 * The device that networks are computed on. A device is tried before it is chosen; one that is asked for and does not work is replaced by the CPU,
 * with a sentence that says why. `auto` says nothing where the system shows no graphics device, and never takes a device that is slower than one thread
 * of the CPU, as software drivers are.
 *
 * @throws UsageError for another word.
 *
 * @example
 * const { device, says } = await chooseDevice('auto');
 * if (says !== undefined) console.error(says);
 */
export async function chooseDevice(
  wanted: WantedDevice,
  options: { readonly try?: typeof tryDevice; readonly mayBeThere?: (device: 'cuda' | 'webgpu') => boolean } = {},
): Promise<{ readonly device: Device; readonly says?: string }> {
  checkOneOf('device', wanted, wantedDevices);
  const attempt = options.try ?? tryDevice;
  const mayBeThere = options.mayBeThere ?? showsGraphics;
  if (wanted === 'cpu') return { device: 'cpu' };
  if (wanted !== 'auto') {
    const finding = await attempt(wanted);
    if (finding.usable) return { device: wanted };
    return { device: 'cpu', says: `${wanted} cannot be used (${finding.reason}): computing on the CPU` };
  }
  const reasons: string[] = [];
  for (const device of ['cuda', 'webgpu'] as const) {
    if (!mayBeThere(device)) continue;
    const finding = await attempt(device);
    if (!finding.usable) reasons.push(`${device}: ${finding.reason}`);
    else if (finding.milliseconds < finding.cpuMilliseconds) return { device };
    else reasons.push(`${device}: slower than the CPU, as a software driver is`);
  }
  if (reasons.length === 0) return { device: 'cpu' };
  return { device: 'cpu', says: `computing on the CPU (${reasons.join('; ')})` };
}

/** Whether the system shows any graphics device; only Linux tells it at no cost, elsewhere ONNX Runtime is asked each time. */
function showsGraphics(device: 'cuda' | 'webgpu'): boolean {
  if (process.platform !== 'linux') return true;
  const nodes = device === 'cuda' ? ['/dev/nvidiactl', '/dev/dxg'] : ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'];
  return nodes.some((path) => existsSync(path));
}

/** What the child process answers, and the end of what it printed: loaders name there what they did not find. */
function probe(device: 'cuda' | 'webgpu'): Promise<{ readonly reply: ProbeReply; readonly printed: string }> {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL('./device-probe.js', import.meta.url)), [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let printed = '';
    let reply: ProbeReply | undefined;
    const finish = () => {
      clearTimeout(timer);
      const none = { kind: 'failed', message: `it gave no result in ${patience / 1000} s` } as const;
      resolve({ reply: reply ?? none, printed });
      child.stderr?.destroy();
      child.kill('SIGKILL');
    };
    let timer = setTimeout(finish, patience);
    // The first answer counts. What was printed before it may still be in the pipe, which closes with the process.
    const answered = (answer: ProbeReply) => {
      if (reply !== undefined) return;
      reply = answer;
      clearTimeout(timer);
      timer = setTimeout(finish, parting);
    };
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      printed = (printed + text).slice(-printedAtMost);
    });
    child.once('message', (message) => answered(message as ProbeReply));
    child.once('error', (error) => answered({ kind: 'failed', message: error.message }));
    child.once('exit', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : signal;
      answered({ kind: 'failed', message: `the process that tried it ended with ${how}` });
    });
    child.once('close', finish);
    const request: ProbeRequest = { device, model: probeModel(), input: probeInput(), shape: probeShape };
    child.send(request, (error) => {
      if (error !== null) answered({ kind: 'failed', message: error.message });
    });
  });
}

/** What ONNX Runtime says, without the place in its source: one line. */
function shortened(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim();
  const said = line.split(/ was false\. |: (?=Failed )/).at(-1) ?? line;
  return said.length > 200 ? `${said.slice(0, 197)}...` : said;
}
