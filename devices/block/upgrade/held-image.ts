/** The files whose locks say that this process serves the disk. */
import { type Result, ok } from '#shared/lang/result.ts';
import { fileStatus } from '#shared/sys/file-status.ts';
import { unlockFile } from '#shared/sys/file-lock.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { type ImageProblem, takeFence, takeLock } from '../host.ts';
import type { LockWish } from '../image-lock.ts';

export interface HeldImageOptions {
  readonly imageFd: number;
  readonly fenceFd: number | undefined;
  /** Begins a line about it. */
  readonly what: string;
  readonly wish: LockWish;
}

/** Both are locked. */
export class HeldImage {
  readonly #options: HeldImageOptions;

  constructor(options: HeldImageOptions) {
    this.#options = options;
  }

  /** Which file of the host it is. */
  get identity(): string {
    const status = fileStatus(asFd(this.#options.imageFd));
    return status.ok ? status.value.identity : '';
  }

  /** For another process. No request is under way. */
  release(): void {
    const { imageFd, fenceFd } = this.#options;
    if (fenceFd !== undefined) unlockFile(asFd(fenceFd));
    unlockFile(asFd(imageFd));
  }

  /** The other process has not become the one that serves. Whatever it may have begun ends before this does. */
  retake(waitMs: number): Result<void, ImageProblem> {
    const { imageFd, fenceFd, what, wish } = this.#options;
    const image = takeLock(asFd(imageFd), what, { ...wish, wait: waitMs });
    if (!image.ok || fenceFd === undefined) return image;
    const fence = takeFence(asFd(fenceFd), what, waitMs);
    return fence.ok ? ok() : fence;
  }
}
