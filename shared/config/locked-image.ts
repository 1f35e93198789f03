/** One line for the user of a disk whose image is locked by `who`; it begins with `what`. */
export function lockedImageLine(what: string, who: string): string {
  return `${what} is locked by ${who}: stop that, or make the disk read-only for both`;
}
