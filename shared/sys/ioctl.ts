/** ioctl request words (asm-generic/ioctl.h): direction, argument size, type, number. */
const NONE = 0;
const WRITE = 1;
const READ = 2;

function encode(direction: number, type: number, number: number, size: number): number {
  return ((direction << 30) | (size << 16) | (type << 8) | number) >>> 0;
}

export const _IO = (type: number, number: number): number => encode(NONE, type, number, 0);
export const _IOW = (type: number, number: number, size: number): number => encode(WRITE, type, number, size);
export const _IOR = (type: number, number: number, size: number): number => encode(READ, type, number, size);
export const _IOWR = (type: number, number: number, size: number): number => encode(READ | WRITE, type, number, size);
