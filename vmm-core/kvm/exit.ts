/** Why KVM_RUN came back for good: the exits that end a vCPU's run, as values. Port and memory accesses never pass through here. */
import { sysError } from '#shared/sys/errno.ts';
import {
  KVM_EXIT,
  KVM_INTERNAL_ERROR_EMULATION,
  KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES,
  KVM_RUN_OFFSET as RUN,
} from './spec.ts';

const MOST_INTERNAL_DATA = 16;

/** Plain data: it crosses from a vCPU's thread to the main one. */
export type FatalExit =
  | { readonly kind: 'triple-fault' }
  | { readonly kind: 'halted' }
  | {
      readonly kind: 'internal-error';
      readonly suberror: number;
      readonly data: readonly string[];
      readonly instruction: string | undefined;
    }
  | { readonly kind: 'failed-entry'; readonly reason: string; readonly cpu: number }
  | { readonly kind: 'system-event'; readonly type: number }
  | { readonly kind: 'unknown'; readonly hardwareReason: string }
  | { readonly kind: 'unsupported'; readonly reason: number }
  | { readonly kind: 'run-failed'; readonly errno: number };

/** Reads the exit that lies in `run`, the view of struct kvm_run. */
export function fatalExit(run: DataView): FatalExit {
  const reason = run.getUint32(RUN.exit_reason, true);
  switch (reason) {
    case KVM_EXIT.KVM_EXIT_SHUTDOWN:
      return { kind: 'triple-fault' };
    case KVM_EXIT.KVM_EXIT_HLT:
      return { kind: 'halted' };
    case KVM_EXIT.KVM_EXIT_INTERNAL_ERROR:
      return internalError(run);
    case KVM_EXIT.KVM_EXIT_FAIL_ENTRY:
      return {
        kind: 'failed-entry',
        reason: hex(run, RUN['fail_entry.hardware_entry_failure_reason']),
        cpu: run.getUint32(RUN['fail_entry.cpu'], true),
      };
    case KVM_EXIT.KVM_EXIT_SYSTEM_EVENT:
      return { kind: 'system-event', type: run.getUint32(RUN['system_event.type'], true) };
    case KVM_EXIT.KVM_EXIT_UNKNOWN:
      return { kind: 'unknown', hardwareReason: hex(run, RUN['hw.hardware_exit_reason']) };
    default:
      return { kind: 'unsupported', reason };
  }
}

/** One line for the user. */
export function describeFatalExit(exit: FatalExit): string {
  switch (exit.kind) {
    case 'triple-fault':
      return 'triple fault';
    case 'halted':
      return 'halted outside of the interrupt controller';
    case 'internal-error': {
      const at = exit.instruction === undefined ? '' : `, instruction bytes ${exit.instruction}`;
      return `KVM could not go on (internal error ${exit.suberror}${at}; data ${exit.data.join(' ') || 'none'})`;
    }
    case 'failed-entry':
      return `the processor refused to enter the guest (reason ${exit.reason}, CPU ${exit.cpu})`;
    case 'system-event':
      return `system event ${exit.type}`;
    case 'unknown':
      return `unknown exit (hardware reason ${exit.hardwareReason})`;
    case 'unsupported':
      return `exit ${exit.reason}, which is not supported`;
    case 'run-failed':
      return sysError('KVM_RUN', exit.errno).message;
  }
}

function internalError(run: DataView): FatalExit {
  const suberror = run.getUint32(RUN['internal.suberror'], true);
  const count = Math.min(run.getUint32(RUN['internal.ndata'], true), MOST_INTERNAL_DATA);
  const data = Array.from({ length: count }, (_, index) => hex(run, RUN['internal.data'] + index * 8));
  return { kind: 'internal-error', suberror, data, instruction: failedInstruction(run, suberror, count) };
}

/** The bytes at the instruction pointer that KVM could not emulate, where it says them. */
function failedInstruction(run: DataView, suberror: number, dataCount: number): string | undefined {
  if (suberror !== KVM_INTERNAL_ERROR_EMULATION || dataCount < 3) return undefined;
  const flags = run.getUint32(RUN['emulation_failure.flags'], true);
  if ((flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES) === 0) return undefined;
  const size = Math.min(run.getUint8(RUN['emulation_failure.insn_size']), 15);
  const at = RUN['emulation_failure.insn_bytes'];
  return Array.from({ length: size }, (_, index) =>
    run
      .getUint8(at + index)
      .toString(16)
      .padStart(2, '0'),
  ).join(' ');
}

function hex(run: DataView, at: number): string {
  const high = run.getUint32(at + 4, true);
  const low = run.getUint32(at, true).toString(16);
  return high === 0 ? `0x${low}` : `0x${high.toString(16)}${low.padStart(8, '0')}`;
}
