/** Who has a disk's image locked: a machine, where its launcher has registered the process; else that process, where /proc shows it. */
import { closeSync, openSync } from 'node:fs';
import { named } from '#shared/lang/file-message.ts';
import { lockedImageLine } from '#shared/config/locked-image.ts';
import type { DiskConfig } from '#shared/config/vm-config.ts';
import { describeLockHolder, findLockHolders } from '#shared/sys/lock-holders.ts';
import { type Fd, asFd } from '#shared/sys/owned-fd.ts';
import { O_PATH } from './disk-image.ts';
import { type FoundDevice, findDevices } from './find-devices.ts';

/** One line; `image` is any descriptor of it. */
export function lockedDiskLine({ id, path, readOnly }: DiskConfig, image: Fd, find: () => readonly FoundDevice[] = findDevices): string {
  return lockedImageLine(named(`disk ${id}`, path), holderOf(image, readOnly, find));
}

/** The same of a file that an image names, to be read; undefined where there is none any more. */
export function lockedFileLine({ path, what }: LockedFile): string | undefined {
  let fd: Fd;
  try {
    fd = asFd(openSync(path ?? '', O_PATH));
  } catch {
    return undefined;
  }
  const line = lockedImageLine(what ?? '', holderOf(fd, true, findDevices));
  closeSync(fd);
  return line;
}

/** As a device's process tells of it. */
interface LockedFile {
  readonly path?: string | null;
  readonly what?: string | null;
}

function holderOf(file: Fd, shared: boolean, find: () => readonly FoundDevice[]): string {
  const holders = findLockHolders(file, shared);
  const devices = holders.length === 0 ? [] : find();
  const known = devices.find(({ pid }) => holders.some((holder) => holder.pid === pid));
  return known === undefined ? describeLockHolder(holders[0]) : `VM ${known.vm} (its disk ${known.id}, process ${known.pid})`;
}
