/** What the kernel says of running processes (proc(5)). */
import { readFileSync, readdirSync } from 'node:fs';

/** A process and everything below it that lives now. */
export function processTree(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(name) : undefined;
    if (parent !== undefined) parents.set(Number(name), parent);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...[...parents].filter(([, parent]) => parent === pid).map(([child]) => child));
  return tree;
}

/** Time on a processor of every living thread of the processes, in microseconds. */
export function processorTimeUs(pids: readonly number[]): number {
  return pids.flatMap(threadTimes).reduce((sum, time) => sum + time, 0);
}

export interface MemoryUse {
  /** Memory that is this process's alone and would be lost with it, in MB (10^6 bytes). */
  readonly privateDirty: number;
  /** Its share of all that it maps, in MB. */
  readonly pss: number;
}

/**
 * What a process uses beside guest memory: every mapping but those of memfds, in which all the monitors here keep a guest's
 * memory when it is shared with device processes.
 */
export function memoryUse(pid: number): MemoryUse {
  const kib = { privateDirty: 0, pss: 0 };
  let counts = true;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) counts = !line.includes(' /memfd:');
    else if (counts && line.startsWith('Private_Dirty:')) kib.privateDirty += amount(line);
    else if (counts && line.startsWith('Pss:')) kib.pss += amount(line);
  }
  return { privateDirty: (kib.privateDirty * 1024) / 1e6, pss: (kib.pss * 1024) / 1e6 };
}

function amount(line: string): number {
  return Number(/(\d+) kB/.exec(line)?.[1] ?? Number.NaN);
}

function parentOf(pid: string): number | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  return parent === undefined ? undefined : Number(parent);
}

/** /proc/PID/task/TID/schedstat: nanoseconds on a processor come first. */
function threadTimes(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => {
      const nanoseconds = readIfThere(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0];
      return Number(nanoseconds ?? 0) / 1000;
    });
  } catch {
    return [];
  }
}

/** Processes and threads end while they are looked at. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
