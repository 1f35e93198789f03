import { type Result, err, ok } from '../lang/result.ts';
import { type SysError, sysError } from './errno.ts';
import { allocate, syscall } from './ffi.ts';
import { SYS } from './syscall-numbers.ts';

const PR_SET_NO_NEW_PRIVS = 38;
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;
const SECCOMP_RET_ERRNO = 0x5_0000;
const SECCOMP_RET_ALLOW = 0x7fff_0000;
const AUDIT_ARCH_X86_64 = 0xc000_003e;
/** struct seccomp_data: the number at 0, the architecture at 4. */
const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;

/** Has a system call answer `errno` in every thread of this process and of those that it starts, for good. */
export function refuseSystemCall(number: number, errno: number): Result<void, SysError> {
  // struct sock_filter: code u16, how many to skip if so u8 and if not u8, operand u32.
  const program: readonly (readonly [code: number, ifSo: number, ifNot: number, operand: number])[] = [
    [LOAD_WORD, 0, 0, 4],
    [JUMP_IF_EQUAL, 0, 3, AUDIT_ARCH_X86_64],
    [LOAD_WORD, 0, 0, 0],
    [JUMP_IF_EQUAL, 0, 1, number],
    [RETURN, 0, 0, SECCOMP_RET_ERRNO | errno],
    [RETURN, 0, 0, SECCOMP_RET_ALLOW],
  ];
  const filter = allocate(program.length * 8);
  for (const [index, [code, ifSo, ifNot, operand]] of program.entries()) {
    filter.view.setUint16(index * 8, code, true);
    filter.view.setUint8(index * 8 + 2, ifSo);
    filter.view.setUint8(index * 8 + 3, ifNot);
    filter.view.setUint32(index * 8 + 4, operand, true);
  }
  // struct sock_fprog
  const described = allocate(16);
  described.view.setUint16(0, program.length, true);
  described.view.setBigUint64(8, BigInt(filter.address), true);
  const privileges = syscall(SYS.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (privileges < 0) return err(sysError('prctl no_new_privs', -privileges));
  const result = syscall(SYS.seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, described.address);
  return result < 0 ? err(sysError('seccomp', -result)) : ok();
}
