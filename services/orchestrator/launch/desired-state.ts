/** What of a disk was changed while it ran, by its clients or by its guest: another process of it begins with that. */
import type { FromDevice, ToDevice } from '../plan.ts';

type StartBlock = NonNullable<ToDevice['startBlock']>;
type Changeable = Pick<StartBlock, 'limits' | 'writeCache'>;

export class DesiredState {
  readonly #changed = new Map<string, Changeable>();

  /** A message of the disk's process, which may tell of a change. */
  note(disk: string, { limitsChanged, writeCacheChanged }: FromDevice): void {
    const change = {
      ...(limitsChanged ? { limits: limitsChanged } : {}),
      ...(writeCacheChanged ? { writeCache: writeCacheChanged } : {}),
    };
    this.#changed.set(disk, { ...this.#changed.get(disk), ...change });
  }

  /** What to start the disk with now, where it was started with `start` first. */
  of(disk: string, start: StartBlock): StartBlock {
    return { ...start, ...this.#changed.get(disk) };
  }
}
