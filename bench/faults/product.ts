import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/reelflow.js', import.meta.url));

/** Milliseconds after which a command is considered to hang. */
const HANGS_AFTER = 180_000;

/** What the command line did with an input. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly hung: boolean;
  /** The largest resident memory of any decoder, in bytes; 0 if none was seen. */
  readonly decoderPeak: number;
}

/**
 * Runs the command line in its own process, so that an input that crashes it ends nothing else.
 */
export async function runProduct(args: readonly string[], scratch: string): Promise<Run> {
  return runNode([program, ...args], scratch);
}

/** Runs a Node.js program and watches its decoders. */
export async function runNode(args: readonly string[], scratch: string): Promise<Run> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, TMPDIR: scratch, REELFLOW_WEIGHTS_DIR: `${scratch}/models` },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = () => void child.kill('SIGKILL');
  process.once('exit', stop);
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-50_000);
  });
  let [hung, decoderPeak] = [false, 0];
  const limit = setTimeout(() => {
    hung = true;
    stop();
  }, HANGS_AFTER);
  const watch = setInterval(() => {
    decoderPeak = Math.max(decoderPeak, decoderHighWater(child.pid ?? 0));
  }, 10);
  try {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (...ended) => resolve(ended));
    });
    return { code, signal, stdout, stderr, hung, decoderPeak };
  } finally {
    clearInterval(watch);
    clearTimeout(limit);
    process.off('exit', stop);
  }
}

/**
 * The highest resident size so far of the ffmpeg processes that a process has started, in bytes; 0
 * without `/proc`.
 */
function decoderHighWater(parent: number): number {
  let most = 0;
  for (const pid of childrenOf(parent)) {
    const status = read(`/proc/${pid}/status`);
    if (!/^Name:\s*ffmpeg/m.test(status)) continue;
    most = Math.max(most, 1024 * Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0));
  }
  return most;
}

function childrenOf(pid: number): string[] {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // It has ended, or there is no /proc: nothing can be seen, and nothing is claimed.
  }
  return threads.flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' ')).filter((id) => id !== '');
}

/** A file about a process that may have ended, in which case it is empty. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * How a command ended that printed no summary: `refused:CODE` with the product's own sentence, or
 * `crashed`, `hung`.
 */
export function endOf(run: Run): string {
  if (run.hung) return 'hung';
  const code = /^reelflow: [\s\S]*?\[([a-z-]+)\]$/m.exec(run.stderr)?.[1];
  if (code !== undefined && (run.code === 1 || run.code === 2)) return `refused:${code}`;
  return `crashed (${run.signal ?? `exit ${run.code}`})`;
}

/** What the command said: its own sentence, or else the first line. */
export function saidBy(run: Run): string {
  const own = run.stderr.split('\n').find((line) => line.startsWith('reelflow: '));
  return own?.slice('reelflow: '.length) ?? run.stderr.split('\n').find((line) => line.trim() !== '') ?? '';
}
