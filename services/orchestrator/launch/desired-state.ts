/** What of a disk was changed while it ran, by its clients or by its guest: another process of it begins with that. */
import type { FromDevice, ToDevice } from '../plan.ts';

type StartBlock = NonNullable<ToDevice['startBlock']>;
type Changeable = Pick<StartBlock, 'limits' | 'writeCache' | 'drained' | 'deviceSize'>;

export class DesiredState {
  readonly #changed = new Map<string, Changeable>();
  readonly #programs = new Map<string, string>();

  /** A message of the disk's process, which may tell of a change. */
  note(disk: string, { limitsChanged, writeCacheChanged, drainedChanged, deviceSizeChanged }: FromDevice): void {
    const change = {
      ...(limitsChanged ? { limits: limitsChanged } : {}),
      ...(writeCacheChanged ? { writeCache: writeCacheChanged } : {}),
      ...(drainedChanged ? { drained: drainedChanged.drained ?? false } : {}),
      ...(deviceSizeChanged ? { deviceSize: deviceSizeChanged.size ?? 0 } : {}),
    };
    this.#changed.set(disk, { ...this.#changed.get(disk), ...change });
  }

  /** What to start the disk with now, where it was started with `start` first. */
  of(disk: string, start: StartBlock): StartBlock {
    return { ...start, ...this.#changed.get(disk) };
  }

  /** Another program serves the disk. */
  upgraded(disk: string, program: string): void {
    if (program !== '') this.#programs.set(disk, program);
  }

  /** The program that serves it now; undefined: the one that it was started with. */
  programOf(disk: string): string | undefined {
    return this.#programs.get(disk);
  }
}
