/** Whether this machine's processes may open as many files as they will: one that may not ends in the middle of its start. */
import type { VmConfig } from '#shared/config/vm-config.ts';
import { openFileLimit } from '#shared/sys/open-file-limit.ts';
import type { LaunchError } from './launch-error.ts';

/**
 * Of the core, which has the most: node's own, KVM's, the memory's and those of what every machine has (35 with all of it running,
 * measured), and some that are there only for a moment. For each vCPU its own, and its thread's event loop.
 */
const CORE = 48;
const PER_VCPU = 6;
/** The connections, what is in flight, alarm and configuration vector; and the two eventfds of each queue. */
const PER_DISK = 8;
const PER_QUEUE = 2;
/** Before anything is known of the machine. */
const LEAST = CORE + PER_VCPU;

/** What stands in the way of this machine; without one, of any. */
export function tooFewOpenFiles(config?: VmConfig): LaunchError | undefined {
  const needed = config === undefined ? LEAST : openFilesOf(config);
  const limit = openFileLimit();
  if (limit >= needed) return undefined;
  const whose = config === undefined ? 'a machine takes' : 'this machine takes up to';
  const message = `only ${limit} files may be open at once and ${whose} ${needed}; raise the limit ('ulimit -n ${needed}', or more)`;
  return { code: 'OPEN_FILES', message };
}

export function openFilesOf({ cpus, disks }: VmConfig): number {
  const perDisk = disks.map(({ numQueues }) => PER_DISK + PER_QUEUE * numQueues);
  return CORE + PER_VCPU * cpus.max + perDisk.reduce((sum, files) => sum + files, 0);
}
