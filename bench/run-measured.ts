import { spawn } from 'node:child_process';
import { MemorySampler } from '../src/io/media/process-memory.ts';

/** The outcome of a command, measured from outside. */
export interface Measured {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallSeconds: number;
  /** The peak of the command's process tree: summed proportional set sizes, every 50 ms. */
  readonly peakBytes: number;
}

/**
 * Runs a command and samples the memory of its process tree; after `stopAfter` seconds it is
 * interrupted.
 */
export async function runMeasured(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string | undefined;
    readonly env?: NodeJS.ProcessEnv | undefined;
    readonly stopAfter?: number | undefined;
    /** What it prints on stderr is shown, not kept. */
    readonly inheritErrors?: boolean | undefined;
  } = {},
): Promise<Measured> {
  const started = performance.now();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', options.inheritErrors ? 'inherit' : 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-20_000);
  });
  const sampler = child.pid === undefined ? undefined : new MemorySampler({ root: child.pid });
  sampler?.start();
  const stopping =
    options.stopAfter === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), options.stopAfter * 1000);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  sampler?.stop();
  clearTimeout(stopping);
  return { code, stdout, stderr, wallSeconds: (performance.now() - started) / 1000, peakBytes: sampler?.peak ?? 0 };
}
