/** Imported first, it takes io_uring away from a program, as a container's filter of system calls does: `node --import THIS program`. */
import { isMainThread } from 'node:worker_threads';
import { expect } from '../lang/result.ts';
import { EPERM } from '../sys/errno.ts';
import { refuseSystemCall } from '../sys/seccomp.ts';
import { SYS } from '../sys/syscall-numbers.ts';

if (isMainThread) expect(refuseSystemCall(SYS.io_uring_setup, EPERM), 'filter');
