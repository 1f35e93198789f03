import { accessSync, constants, globSync } from 'node:fs';
import { type Purpose } from '../../test/harness/packages/requirements.ts';
import { ensurePackages } from '../../test/harness/packages/install.ts';
import { root } from '../check/root.ts';

export interface Tier {
  readonly name: string;
  /** One phrase for the reader of the output. */
  readonly what: string;
  readonly files: readonly string[];
  /** Past this the tier is ended and has failed: for tests that hang, not for machines that are busy. */
  readonly deadlineMinutes: number;
  /** Makes ready what the tier needs; why it cannot run here, if so. */
  prepare(report: (line: string) => void): string | undefined;
}

const find = (...patterns: readonly string[]): readonly string[] => globSync(patterns, { cwd: root }).toSorted();

export const TIERS: readonly Tier[] = [
  {
    name: 'unit',
    what: 'no virtual machine: tables of bytes, real rings, real sockets; layouts; style',
    files: find('{shared,vmm-core,devices,services,tools}/**/*.test.ts', 'test/{bench,bin,harness,layout,start,style}/**/*.test.ts'),
    deadlineMinutes: 12,
    prepare: (report) => {
      // Only the tests that compare with qemu-img need something, and skip themselves where it cannot be had.
      packagesMissing(['images'], report);
      return undefined;
    },
  },
  {
    name: 'machine',
    what: 'tiny guests on this /dev/kvm, whatever is below it',
    files: find('test/machine/**/*.test.ts'),
    deadlineMinutes: 16,
    prepare: () => kvmMissing(),
  },
  {
    name: 'peers',
    what: 'our vhost-user ends in front of and behind other implementations',
    files: find('test/peers/**/*.test.ts'),
    deadlineMinutes: 10,
    prepare: (report) => packagesMissing(['images', 'peers'], report),
  },
  {
    name: 'guest',
    what: 'stock Linux in our virtual machines',
    files: find('test/guest/**/*.test.ts'),
    deadlineMinutes: 35,
    prepare: (report) => packagesMissing(['lab', 'images'], report),
  },
  {
    name: 'chaos',
    what: 'killed processes, hostile rings and messages, a minute of fuzz',
    files: find('test/chaos/**/*.test.ts'),
    deadlineMinutes: 15,
    // Most of it needs nothing; a test that needs KVM or the lab looks for it by itself.
    prepare: () => undefined,
  },
];

function kvmMissing(): string | undefined {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return `/dev/kvm cannot be opened (${error instanceof Error && 'code' in error ? String(error.code) : String(error)})`;
  }
}

function packagesMissing(purposes: readonly Purpose[], report: (line: string) => void): string | undefined {
  const done = ensurePackages(purposes, report);
  return done.ok ? undefined : done.error.message;
}
