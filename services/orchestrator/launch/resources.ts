/**
 * Opens what a plan names. All of it is closed again when the launch is over: processes hold duplicates of their own. But for what
 * processes that replace others need, which lives as long as the machine: where disk images are, and what rate limit groups share.
 */
import { type Stats, constants, fstatSync } from 'node:fs';
import { named } from '#shared/lang/file-message.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import type { DiskConfig } from '#shared/config/vm-config.ts';
import { createSealedMemfd } from '#shared/sys/memfd.ts';
import { SOCK_STREAM, socketPair } from '#shared/sys/unix-socket.ts';
import type { Resource } from '../plan.ts';
import { type ConsoleEnds, openConsole } from './console-channel.ts';
import { openDiskImage, openFence, reopenDiskImage } from './disk-image.ts';
import type { LaunchError } from './launch-error.ts';
import { openBootFile, openFile, openKvm } from './open-file.ts';

/** More than the state of its buckets, which the disks' processes know. */
const GROUP_BYTES = 4096;

/** Where a disk's files are opened again. */
interface DiskPlace {
  readonly disk: DiskConfig;
  readonly place: OwnedFd;
  readonly fence: OwnedFd | undefined;
}

export class Resources implements Disposable {
  readonly #owned = new Map<string, OwnedFd>();
  readonly #borrowed = new Map<string, Fd>();
  readonly #lasting = new Map<string, OwnedFd>();
  /** What regular files are used for, by their identity. */
  readonly #fileUses = new Map<string, string>();
  readonly #places = new Map<string, DiskPlace>();
  readonly #imageUsers = new Map<string, { readonly id: string; readonly writes: boolean }>();
  /** Derived from each image, by disk id: what its guest sees where the user chose no serial. */
  readonly serials = new Map<string, string>();
  readonly consoles: ConsoleEnds[] = [];

  open(resource: Resource): Result<void, LaunchError> {
    switch (resource.kind) {
      case 'kvm':
        return this.#keep('kvm', openKvm());
      case 'boot-file':
        return this.#openBootFile(resource);
      case 'rate-limit-group':
        return this.#makeGroup(resource.id);
      case 'random':
        return this.#openRandom(resource.path);
      case 'disk':
        return this.#openDisk(resource);
      case 'connection':
        return this.#connect(resource.id);
      case 'console':
        return this.#openConsole(resource);
    }
  }

  /** The descriptor called `name`. A name that no resource opened is a mistake in the plan. */
  descriptor(name: string): Fd {
    const fd = this.#owned.get(name)?.fd ?? this.#borrowed.get(name) ?? this.lasting(name);
    if (fd === undefined) throw new Error(`the plan has no resource "${name}"`);
    return fd;
  }

  /** The same, of what stays open as long as the machine lives. */
  lasting(name: string): Fd | undefined {
    return this.#lasting.get(name)?.fd;
  }

  /** What of a disk is opened for each of its processes, by name: with open file descriptions of its own. */
  reopenDisk(id: string): Result<ReadonlyMap<string, OwnedFd>, LaunchError> {
    const known = this.#places.get(id);
    if (known === undefined) throw new Error(`the plan has no disk "${id}"`);
    const { disk, place, fence } = known;
    const image = reopenDiskImage(disk, place);
    if (!image.ok) return image;
    const opened = new Map([[`image ${id}`, image.value]]);
    const fenced = fence === undefined ? ok(undefined) : openFence(disk, fence);
    if (!fenced.ok) image.value.close();
    else if (fenced.value !== undefined) opened.set(`fence ${id}`, fenced.value);
    return fenced.ok ? ok(opened) : fenced;
  }

  /** A disk, and a descriptor that is good for no more than to say which file its image is. */
  placeOf(id: string): Pick<DiskPlace, 'disk' | 'place'> | undefined {
    return this.#places.get(id);
  }

  /** The launch is over. */
  release(): void {
    for (const owned of this.#owned.values()) owned.close();
    this.#owned.clear();
  }

  [Symbol.dispose](): void {
    this.release();
    for (const { place, fence } of this.#places.values()) {
      place.close();
      fence?.close();
    }
    this.#places.clear();
    for (const owned of this.#lasting.values()) owned.close();
    this.#lasting.clear();
  }

  #keep(name: string, opened: Result<OwnedFd, LaunchError>): Result<void, LaunchError> {
    if (!opened.ok) return opened;
    this.#owned.set(name, opened.value);
    return ok();
  }

  #openBootFile({ name, path }: Extract<Resource, { kind: 'boot-file' }>): Result<void, LaunchError> {
    const opened = openBootFile(name, path);
    if (opened.ok) this.#fileUses.set(identityOf(fstatSync(opened.value.fd)), `--${name}`);
    return this.#keep(name, opened);
  }

  /** What the disks of a group take from, in memory that is theirs together. */
  #makeGroup(id: string): Result<void, LaunchError> {
    const name = `rate limit group ${id}`;
    const made = createSealedMemfd({ name, size: GROUP_BYTES });
    if (!made.ok) return err({ code: 'PROCESS', message: `no ${name}: ${made.error.message}` });
    this.#lasting.set(name, made.value);
    return ok();
  }

  #openRandom(path: string): Result<void, LaunchError> {
    const opened = openFile('random source', path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!opened.ok) return opened;
    const { file, status } = opened.value;
    this.#owned.set('random', file);
    if (!status.isFile() || status.size > 0) return ok();
    return err({ code: 'FILE', message: `${named('random source', path)} is empty; give a device such as /dev/urandom` });
  }

  #openDisk({ disk }: Extract<Resource, { kind: 'disk' }>): Result<void, LaunchError> {
    const image = openDiskImage(disk);
    if (!image.ok) return image;
    const { file, place, fence, identity, serial } = image.value;
    this.#places.set(disk.id, { disk, place, fence });
    if (fence !== undefined) {
      const opened = this.#keep(`fence ${disk.id}`, openFence(disk, fence));
      if (!opened.ok) return opened;
    }
    this.#owned.set(`image ${disk.id}`, file);
    this.#fileUses.set(identityOf(fstatSync(file.fd)), `disk ${disk.id}`);
    this.serials.set(disk.id, serial);
    const other = this.#imageUsers.get(identity);
    if (other !== undefined && (other.writes || !disk.readOnly)) {
      return err({
        code: 'IMAGE',
        message: `${named(`disk ${disk.id}`, disk.path)} is the image of disk ${other.id} too; two disks may share an image only if both are readonly=on`,
      });
    }
    this.#imageUsers.set(identity, { id: disk.id, writes: !disk.readOnly });
    return ok();
  }

  #connect(id: string): Result<void, LaunchError> {
    const pair = socketPair(SOCK_STREAM);
    if (!pair.ok) return err({ code: 'PROCESS', message: `no connection for ${id}: ${pair.error.message}` });
    this.#owned.set(`core end ${id}`, pair.value[0]);
    this.#owned.set(`device end ${id}`, pair.value[1]);
    return ok();
  }

  #openConsole({ name, mode }: Extract<Resource, { kind: 'console' }>): Result<void, LaunchError> {
    const opened = openConsole(name, mode, (file) => this.#otherUse(name, file));
    if (!opened.ok) return opened;
    const ends = opened.value;
    for (const [part, owned] of Object.entries(ends.owned)) this.#owned.set(`${name} ${part}`, owned);
    for (const [part, fd] of Object.entries(ends.borrowed)) this.#borrowed.set(`${name} ${part}`, fd);
    this.consoles.push(ends);
    return ok();
  }

  /** Notes that `name` writes to this file, unless it has a use already: then answers that. */
  #otherUse(name: string, file: Stats): string | undefined {
    if (!file.isFile()) return undefined;
    const identity = identityOf(file);
    const other = this.#fileUses.get(identity);
    this.#fileUses.set(identity, other ?? `--${name}`);
    return other;
  }
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
