/** What the boot code is to load, with the names that its messages say. */
import { readlinkSync } from 'node:fs';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import type { BootFile, BootPayload } from '../boot/index.ts';
import type { BootOrigin } from './machine-spec.ts';

export function bootPayload(origin: BootOrigin): BootPayload {
  if (origin.kind === 'firmware') return { kind: 'firmware', firmware: bootFile(origin.firmware) };
  const { kernel, initramfs, commandLine } = origin;
  return { kind: 'kernel', kernel: bootFile(kernel), commandLine, ...(initramfs === undefined ? {} : { initramfs: bootFile(initramfs) }) };
}

/** Files come as descriptors; the kernel knows where they were opened. */
function bootFile({ fd }: OwnedFd): BootFile {
  return { fd, path: readlinkSync(`/proc/self/fd/${fd}`) };
}
