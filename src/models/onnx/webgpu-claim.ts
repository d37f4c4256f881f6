import { SystemError } from '../../core/errors.ts';

/** The network whose session is open on WebGPU in this process. */
let holder: string | undefined;

/**
 * Claims WebGPU for the session of one network: a second session in the same process crashes it
 * (ONNX Runtime 1.29 and 1.30, observed with an NVIDIA driver).
 *
 * @returns a function that releases it; call it when the session is closed.
 * @throws SystemError `session` while another network has it.
 */
export function claimWebgpu(name: string): () => void {
  if (holder !== undefined) {
    throw new SystemError(
      'session',
      `${name} cannot be opened on webgpu while ${holder} is: a process can have only one session there`,
      {
        remedy: `Close ${holder} first, or open ${name} on the CPU.`,
      },
    );
  }
  holder = name;
  let isMine = true;
  return () => {
    if (isMine) holder = undefined;
    isMine = false;
  };
}
