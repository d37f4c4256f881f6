import type { Part, PartFacts } from '../http/part.ts';
import { shownAddress } from '../http/redirects.ts';
import { requestFile } from '../http/request.ts';
import { busyAnswer, contentLength, factsOf, RefusedTransfer, type Transfer, transfer } from '../http/transfer.ts';
import type { FarFile, FarReading } from './far-file.ts';

const redirects = {
  plain: true,
  remedy: 'Give the address that it redirects to, if that is the one to read.',
};

/** A file at an address of `http://` or `https://`. */
export class HttpFile implements FarFile {
  readonly #url: URL;

  constructor(url: URL) {
    this.#url = url;
  }

  /** Requests its first byte: an address that is signed for reading allows no other request. */
  async look({ patience, signal }: FarReading): Promise<Transfer & { readonly facts?: PartFacts | undefined }> {
    const answer = await requestFile(this.#url, { range: 'bytes=0-0' }, { patience, redirects, signal });
    answer.body.destroy();
    const { status, header } = answer;
    const busy = busyAnswer(answer);
    if (busy !== undefined) return busy;
    const [, total] = /^bytes (?:0-0|\*)\/(\d{1,15})$/.exec(header('content-range') ?? '') ?? [];
    if (status === 206 || status === 416) return { outcome: 'whole', facts: factsOf(answer, given(total)) };
    if (status === 200) return { outcome: 'whole', facts: factsOf(answer, contentLength(header('content-length'))) };
    throw new RefusedTransfer(status, `${shownAddress(answer.url)} answers ${status}`);
  }

  transfer(part: Part, most: number, { patience, signal, onBytes }: FarReading): Promise<Transfer> {
    return transfer(this.#url, part, { patience, redirects, signal, onBytes, limits: { bytes: undefined, most } });
  }
}

function given(total: string | undefined): number | undefined {
  return total === undefined ? undefined : Number(total);
}
