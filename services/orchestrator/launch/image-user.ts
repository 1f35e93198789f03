/** Who has a disk's image locked: a machine, where its launcher has registered the process; else that process, where /proc shows it. */
import { lockedImageLine } from '#shared/config/locked-image.ts';
import type { DiskConfig } from '#shared/config/vm-config.ts';
import { describeLockHolder, findLockHolders } from '#shared/sys/lock-holders.ts';
import type { Fd } from '#shared/sys/owned-fd.ts';
import { type FoundDevice, findDevices } from './find-devices.ts';
import { named } from './launch-error.ts';

/** One line; `image` is any descriptor of it. */
export function lockedDiskLine({ id, path, readOnly }: DiskConfig, image: Fd, find: () => readonly FoundDevice[] = findDevices): string {
  const holders = findLockHolders(image, readOnly);
  const devices = holders.length === 0 ? [] : find();
  const known = devices.find(({ pid }) => holders.some((holder) => holder.pid === pid));
  const who = known === undefined ? describeLockHolder(holders[0]) : `VM ${known.vm} (its disk ${known.id}, process ${known.pid})`;
  return lockedImageLine(named(`disk ${id}`, path), who);
}
