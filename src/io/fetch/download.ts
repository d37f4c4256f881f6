import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../core/atomic-file.ts';
import { FlowError, MediaError } from '../../core/errors.ts';
import { probe } from '../media/probe.ts';
import type { CommandTemplate } from './command-template.ts';
import type { FetchFault } from './fetch-fault.ts';
import { removeFolder } from './remove-folder.ts';
import { type ProgramEnd, runProgram } from './run-program.ts';
import { writtenMedia } from './written-media.ts';

/** A file that a command wrote, on disk but not yet in its place. */
export interface Downloaded {
  readonly path: string;
  /** Lower case, without the dot. */
  readonly extension: string;
  readonly bytes: number;
}

/** How to make one attempt. */
export interface DownloadOptions {
  /** The folder that contains `{out}`; emptied before the command runs. */
  readonly folder: string;
  /** Milliseconds until the command is killed. */
  readonly timeout: number;
  /** Whether ffprobe must find audio or video in the file. */
  readonly check: boolean;
  readonly signal: AbortSignal;
}

/** The path that `{out}` stands for. */
export function outputPrefix(folder: string, id: string): string {
  return join(folder, id);
}

/**
 * Runs the command once for one id. The file it wrote is checked and flushed to disk; it stays in
 * `folder`.
 *
 * @throws UsageError `program` when the command's program is missing; SystemError
 * `decoder-missing`; FlowError `aborted`.
 */
export async function download(
  template: CommandTemplate,
  id: string,
  options: DownloadOptions,
): Promise<Downloaded | FetchFault> {
  const { folder, timeout, signal } = options;
  await removeFolder(folder);
  await makeDirectory(folder);
  const end = await runProgram(template.fill(id, outputPrefix(folder, id)), { timeout, signal });
  if (signal.aborted) throw new FlowError('aborted', `fetching '${id}' was aborted`, { cause: signal.reason });
  const fault = faultOf(end, timeout);
  if (fault !== undefined) return fault;
  const written = await writtenMedia(folder);
  if ('reason' in written) return { ...written, output: end.output };
  const refused = options.check ? await whyNoMedia(written.path, signal) : undefined;
  if (refused !== undefined) return { ...refused, output: end.output };
  const lost = await flush(written.path);
  return lost === undefined ? written : { ...lost, output: end.output };
}

function faultOf(end: ProgramEnd, timeout: number): FetchFault | undefined {
  const { output } = end;
  if (end.notStarted !== undefined) {
    return { reason: 'spawn', message: `the command could not be started: ${end.notStarted}`, output };
  }
  if (end.timedOut) {
    return { reason: 'timeout', message: `the command took longer than ${timeout / 1000} s and was killed`, output };
  }
  if (end.signal !== null) return { reason: 'signal', message: `the command was killed by ${end.signal}`, output };
  if (end.code === 0) return undefined;
  const exitCode = end.code ?? -1;
  return { reason: 'exit', message: `the command ended with exit code ${exitCode}`, exitCode, output };
}

async function whyNoMedia(path: string, signal: AbortSignal): Promise<Omit<FetchFault, 'output'> | undefined> {
  try {
    await probe(path, { signal });
    return undefined;
  } catch (error) {
    if (!(error instanceof MediaError)) throw error;
    // The temporary path no longer exists when somebody reads this.
    return { reason: error.code, message: error.message.replaceAll(`'${path}'`, 'what the command wrote') };
  }
}

const UNREADABLE = ['EACCES', 'EPERM', 'ENOENT', 'ELOOP'];

/** Flushes a written file to disk; returns the reason if it cannot even be opened. */
async function flush(path: string): Promise<Omit<FetchFault, 'output'> | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!UNREADABLE.includes(code)) throw error;
    return { reason: 'unreadable', message: `what the command wrote cannot be read: ${code}` };
  }
  try {
    await file.sync();
    return undefined;
  } finally {
    await file.close();
  }
}
