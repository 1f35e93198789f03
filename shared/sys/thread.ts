/** The calling thread as the kernel sees it, and the signal that kicks a vCPU out of KVM_RUN without a handler. */
import { type NativeBuffer, allocate, syscall } from './ffi.ts';
import { SYS } from './syscall-numbers.ts';

const SIG_BLOCK = 0;
const KERNEL_SIGSET_SIZE = 8;
/** A real-time signal that neither libuv, V8 nor glibc uses (glibc keeps 32 and 33). */
export const KICK_SIGNAL = 40;

export function gettid(): number {
  return syscall(SYS.gettid);
}

const RUSAGE_THREAD = 1;
/** struct rusage: voluntary context switches at 128. */
const usage = allocate(144);

/** How often this thread has waited for something in the kernel, and not been put off the processor by others. */
export function voluntarySwitches(): number {
  syscall(SYS.getrusage, RUSAGE_THREAD, usage.address);
  return usage.view.getUint32(128, true);
}

const kickSet = allocate(KERNEL_SIGSET_SIZE);
kickSet.view.setBigUint64(0, 1n << BigInt(KICK_SIGNAL - 1), true);
const noWait = allocate(16);

/** Blocks the kick signal in this thread: it is then pending, never delivered, outside of KVM_RUN. */
export function blockKickSignal(): void {
  const result = syscall(SYS.rt_sigprocmask, SIG_BLOCK, kickSet.address, 0, KERNEL_SIGSET_SIZE);
  if (result < 0) throw new Error(`rt_sigprocmask failed with errno ${-result}`);
}

/** Takes a pending kick, if there is one, so that the next KVM_RUN is not interrupted by it. */
export function consumeKick(): void {
  syscall(SYS.rt_sigtimedwait, kickSet.address, 0, noWait.address, KERNEL_SIGSET_SIZE);
}

/** Makes thread `tid` of this process leave KVM_RUN, or not enter it. */
export function kickThread(tid: number): void {
  syscall(SYS.tgkill, process.pid, tid, KICK_SIGNAL);
}

/** struct kvm_signal_mask for KVM_SET_SIGNAL_MASK: every signal stays blocked inside KVM_RUN but the kick. */
export function kickOnlySignalMask(): NativeBuffer {
  const mask = allocate(4 + KERNEL_SIGSET_SIZE);
  mask.view.setUint32(0, KERNEL_SIGSET_SIZE, true);
  mask.view.setBigUint64(4, ~(1n << BigInt(KICK_SIGNAL - 1)), true);
  return mask;
}
