/**
 * A /dev/kvm without vmx or svm below it emulates each guest instruction, half a million a second: a Linux would seem to hang.
 */
import { fstatSync, readFileSync, readSync } from 'node:fs';
import type { Fd } from '#shared/sys/owned-fd.ts';

/** Whether the CPU runs guests itself: Intel's vmx, AMD's svm. */
export function cpuHasVirtualization(): boolean {
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'latin1'))?.[1] ?? '';
  return / (vmx|svm)( |$)/.test(flags);
}

/** What the user of such a machine is told. */
export const SLOW_KVM =
  "this CPU offers no vmx or svm: /dev/kvm would emulate every instruction and a Linux would seem to hang; in a checkout 'npm run lab -- bin/chctl run ...' boots it in a lab that works here and 'npm start' boots a demo guest there; --slow-kvm boots it anyway";

/** A vmlinux has tens of MiB; a program made for a test some KiB. */
const LINUX_SIZE = 4 * 2 ** 20;
/** Linux' Documentation/arch/x86/boot.rst: the header's magic at 0x202. */
const HEADER_MAGIC_AT = 0x202;

/** Whether the image is a Linux kernel: a bzImage, or an ELF file of a kernel's size. */
export function looksLikeLinux(kernel: Fd): boolean {
  const head = Buffer.alloc(HEADER_MAGIC_AT + 4);
  const got = readSync(kernel, head, 0, head.length, 0);
  if (got === head.length && head.toString('latin1', HEADER_MAGIC_AT) === 'HdrS') return true;
  return fstatSync(kernel).size >= LINUX_SIZE && head.toString('latin1', 0, 4) === '\x7fELF';
}
