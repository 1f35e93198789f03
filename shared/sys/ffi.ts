/**
 * The one door to native code. koffi is imported in this folder alone; everything that leaves it has typed arguments.
 *
 * Two calling styles, chosen by the caller's temperature:
 *  - cold: a wrapper in a sibling file that returns `Result<T, SysError>`;
 *  - hot: a raw function of this file that returns the kernel's own convention, the value or `-errno`, and allocates nothing.
 *
 * Pointers are numbers: user addresses stay below 2^47.
 */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');

/** What a call of this thread is using right now: the collector sees it here. */
const inUse: { argument: NativeBuffer | undefined } = { argument: undefined };

/** libc's `syscall`: -1 and errno on failure. Six arguments, each a machine word. */
const rawSyscall: (number: number, a: number, b: number, c: number, d: number, e: number, f: number) => number = libc.func(
  'syscall',
  'long',
  ['long', 'long', 'long', 'long', 'long', 'long', 'long'],
);

/** A system call in the kernel's own convention: its result, or `-errno`. EINTR is the caller's to handle. */
export function syscall(number: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): number {
  const result = rawSyscall(number, a, b, c, d, e, f);
  return result === -1 ? -koffi.errno() : result;
}

const rawIoctl: (fd: number, request: number, argument: number) => number = libc.func('ioctl', 'int', ['int', 'ulong', 'uintptr_t']);

/** ioctl with an integer or an address as its argument: the result, or `-errno`. KVM_RUN goes through here. */
export function ioctl(fd: number, request: number, argument: number): number {
  const result = rawIoctl(fd, request, argument);
  return result === -1 ? -koffi.errno() : result;
}

/**
 * ioctl with a struct as its argument: the result, or `-errno`. The struct stays reachable during the call, which its bare
 * address would not ensure: passing a number may itself allocate, and so collect.
 */
export function ioctlStruct(fd: number, request: number, argument: NativeBuffer): number {
  inUse.argument = argument;
  const result = ioctl(fd, request, argument.address);
  inUse.argument = undefined;
  return result;
}

/** Memory of our own with an address that never moves. */
export interface NativeBuffer {
  /**
   * Valid while this object is reachable: keep it so for as long as the kernel may use the address. For one call that follows at once
   * that is seen to here.
   */
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** `size` zeroed bytes outside V8's moving heap (the backing store of an ArrayBuffer stays where it is). */
export function allocate(size: number): NativeBuffer {
  return new Allocated(size);
}

/** Buffers whose addresses were read last: more than any call takes. The collector sees them here. */
const readLast: (Allocated | undefined)[] = new Array<undefined>(8).fill(undefined);
let nextRead = 0;

/**
 * Optimized code forgets a buffer once its address is read, and passing that on may allocate, and so collect: the kernel would be given
 * what somebody else has by then.
 */
class Allocated implements NativeBuffer {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly #address: number;

  constructor(size: number) {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.#address = addressOf(buffer);
  }

  /** Hot. */
  get address(): number {
    readLast[nextRead] = this;
    nextRead = (nextRead + 1) & 7;
    return this.#address;
  }
}

/**
 * The address of a buffer's first byte.
 * SAFETY: valid while the buffer is reachable; the caller keeps it so until the kernel is done with it.
 */
export function addressOf(buffer: ArrayBuffer | SharedArrayBuffer): number {
  return Number(koffi.address(buffer instanceof SharedArrayBuffer ? new Uint8Array(buffer) : buffer));
}

/**
 * The `length` bytes at `address` as an ArrayBuffer, without a copy.
 * SAFETY: the memory must stay mapped for as long as any view of the result is reachable in this thread. Each call makes a
 * buffer of its own, in 2 us: views of one address may be made again, overlap, differ in length and live in several threads, and
 * all of them see the same bytes (measured with koffi 3.3, node 24). Nothing but the owner knows when a view has gone.
 */
export function viewAt(address: number, length: number): ArrayBuffer {
  return koffi.view(BigInt(address), length);
}

/** A NUL-terminated copy of `text`. */
export function cString(text: string): NativeBuffer {
  const encoded = Buffer.from(text, 'utf8');
  const buffer = allocate(encoded.length + 1);
  buffer.bytes.set(encoded);
  return buffer;
}
