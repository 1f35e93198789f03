import { type Stats, constants, fstatSync, openSync, statSync } from 'node:fs';
import { errorName, fileMessage, named } from '#shared/lang/file-message.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { OwnedFd } from '#shared/sys/owned-fd.ts';
import type { LaunchError } from './launch-error.ts';

export interface OpenedFile {
  readonly file: OwnedFd;
  readonly status: Stats;
}

/** Opens with node's `flags`; the kind is looked at first, since opening a FIFO would wait for its other side. */
export function openFile(what: string, path: string, flags: number): Result<OpenedFile, LaunchError> {
  try {
    const before = statSync(path);
    if (before.isFIFO() || before.isSocket())
      return err({ code: 'FILE', message: `${named(what, path)} is a pipe or a socket; give the path of a file` });
    if (before.isDirectory()) return err({ code: 'FILE', message: fileMessage(what, path, 'EISDIR') });
    const file = new OwnedFd(openSync(path, flags));
    return ok({ file, status: fstatSync(file.fd) });
  } catch (error) {
    return err({ code: 'FILE', message: fileMessage(what, path, errorName(error)) });
  }
}

/** A kernel, firmware or initramfs: a regular file that is not empty. What is in it is the core's to judge. */
export function openBootFile(what: string, path: string): Result<OwnedFd, LaunchError> {
  const opened = openFile(what, path, constants.O_RDONLY);
  if (!opened.ok) return opened;
  const { file, status } = opened.value;
  if (status.isFile() && status.size > 0) return ok(file);
  file.close();
  return err({
    code: 'FILE',
    message: `${named(what, path)} is ${status.isFile() ? 'empty' : 'not a regular file'}; give the path of another ${what}`,
  });
}

/** /dev/kvm, with what to do where it cannot be had. */
export function openKvm(path = '/dev/kvm'): Result<OwnedFd, LaunchError> {
  try {
    return ok(new OwnedFd(openSync(path, constants.O_RDWR)));
  } catch (error) {
    return err({ code: 'KVM', message: kvmMessage(path, errorName(error)) });
  }
}

function kvmMessage(path: string, name: string): string {
  switch (name) {
    case 'ENOENT':
      return `${path} does not exist: load kvm_intel or kvm_amd, or turn virtualization on in the firmware or in the machine around this one ('chctl doctor' says more)`;
    case 'EACCES':
    case 'EPERM':
      return `${path} may not be opened by this user: add it to the group kvm ('sudo usermod -aG kvm $USER') and log in again`;
    default:
      return `${path} cannot be opened (${name}); 'chctl doctor' says more`;
  }
}
