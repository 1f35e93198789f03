const SERIAL_BYTES = 20;

/** As fstat(2) has them. */
export interface FileNumbers {
  readonly dev: number;
  readonly rdev: number;
  readonly ino: number;
}

/** What a guest sees as a disk's serial where its user chose none: the same for the same image, and as Cloud Hypervisor has it. */
export function imageSerial({ dev, rdev, ino }: FileNumbers): string {
  return `${dev}${rdev}${ino}`.slice(0, SERIAL_BYTES);
}
