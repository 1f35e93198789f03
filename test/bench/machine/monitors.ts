/** The programs that run a virtual machine, ours and its peers, and how each is told to run the same one. */
import { accessSync, constants } from 'node:fs';
import { CHECKOUT } from '../../harness/checkout.ts';
import { join } from 'node:path';

export interface MachineSpec {
  readonly kernel: string;
  readonly initramfs?: string;
  readonly cmdline?: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** A raw image, attached as the one disk. */
  readonly disk: string;
  /** Request queues of the disk; 1 by default. */
  readonly queues?: number;
}

export interface Monitor {
  readonly name: string;
  /** The command line; the serial port is its standard input and output. */
  command(machine: MachineSpec): readonly string[];
  /** Whether a tiny guest's power-off ends it: else whoever started it kills it. */
  readonly endsWithGuest: boolean;
}

const OTHER_PEER = 'CLOUD_HYPERVISOR';
export const OTHER_PEER_HELP = `${OTHER_PEER}=PATH names a cloud-hypervisor program as a further peer.`;

export const OURS: Monitor = {
  name: 'chctl run',
  endsWithGuest: true,
  command: (machine) => [join(CHECKOUT, 'bin/chctl'), 'run', ...commonOptions(machine), ...diskOptions(machine)],
};

export const MICROVM = microvm('microvm');

/**
 * As a Linux guest runs best on it: without a real-time clock, Debian's kernel makes 40,000 exits to look for one, which is
 * most of its boot where exits are slow.
 */
export const MICROVM_WITH_CLOCK = microvm('microvm,rtc=on');

function microvm(type: string): Monitor {
  return {
    name: `qemu ${type}`,
    // Its sleep register is memory, elsewhere.
    endsWithGuest: false,
    command: (machine) => [
      ...['qemu-system-x86_64', '-M', type, '-accel', 'kvm', '-nodefaults', '-no-user-config', '-display', 'none'],
      ...['-smp', `${machine.cpus}`, '-m', `${machine.memoryMiB}M`, '-serial', 'stdio', '-no-reboot', '-kernel', machine.kernel],
      ...(machine.initramfs === undefined ? [] : ['-initrd', machine.initramfs]),
      ...(machine.cmdline === undefined ? [] : ['-append', machine.cmdline]),
      ...['-drive', `id=disk,file=${machine.disk},format=raw,if=none`, '-device', 'virtio-blk-device,drive=disk'],
    ],
  };
}

/** Cloud Hypervisor, where the environment names one. */
export function cloudHypervisor(note: (line: string) => void): readonly Monitor[] {
  const program = process.env[OTHER_PEER];
  if (program === undefined || program === '') {
    note(`${OTHER_PEER} is not set: Cloud Hypervisor is left out`);
    return [];
  }
  accessSync(program, constants.X_OK);
  return [
    {
      name: 'cloud-hypervisor',
      endsWithGuest: true,
      command: (machine) => [program, ...commonOptions(machine), ...diskOptions(machine)],
    },
  ];
}

/** Our options are its options. */
function commonOptions({ kernel, initramfs, cmdline, cpus, memoryMiB }: MachineSpec): readonly string[] {
  return [
    ...['--kernel', kernel, '--cpus', `boot=${cpus}`, '--memory', `size=${memoryMiB}M,shared=on`, '--serial', 'tty', '--console', 'off'],
    ...(initramfs === undefined ? [] : ['--initramfs', initramfs]),
    ...(cmdline === undefined ? [] : ['--cmdline', cmdline]),
  ];
}

function diskOptions({ disk, queues = 1 }: MachineSpec): readonly string[] {
  return ['--disk', `path=${disk},num_queues=${queues}`];
}
