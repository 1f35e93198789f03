import { type ImageKeyDefaults, imageKeysHelp } from '#shared/config/disk-help.ts';
import { helpRow } from '#shared/config/help-row.ts';
import { DEFAULT_QUEUE_SIZE, MAX_QUEUES } from './arguments.ts';

const OPTIONS: readonly (readonly [usage: string, meaning: string])[] = [
  ['--socket-path PATH', 'listens there; one front end at a time, and the next when it leaves'],
  ['--fd N', 'an inherited socket that is connected to a front end; the process ends with it'],
  ['--disk path=FILE,...', 'the image; its keys are below'],
  ['--blk-file FILE', "the same, as vhost-user's conventions name it; with --read-only"],
  ['--api-socket PATH', "listens there for 'chctl device ... --socket PATH' (gRPC, ch.device.v1)"],
  [
    '--upgrade-from PATH',
    'goes on in the place of the ch-block with that --api-socket, under the front end that it has, with its options; that one ends',
  ],
  ['--print-capabilities', "as JSON, as vhost-user's conventions have it"],
  ['-V, --version', 'which version this is'],
  ['-h, --help', 'this text'],
];

const KEYS: ImageKeyDefaults = {
  queues: `1; at most ${MAX_QUEUES}. Each queue of a raw image has a thread of its own`,
  queueSize: DEFAULT_QUEUE_SIZE,
};

/** Made when it is asked for: every other start does without. */
export function help(): string {
  return `Usage: ch-block (--socket-path PATH | --fd N) --disk path=FILE[,KEY=VALUE]... [--api-socket PATH]
       ch-block --upgrade-from API_SOCKET
       ch-block --print-capabilities

Serves a disk image over vhost-user, to QEMU or any other front end, until SIGTERM.

${OPTIONS.map(([usage, meaning]) => helpRow(usage, meaning)).join('\n')}

Keys of --disk, with commas between them:

${imageKeysHelp(KEYS)
  .map(([usage, meaning]) => helpRow(usage, meaning))
  .join('\n')}

Examples:
  ch-block --socket-path /run/disk.sock --disk path=disk.raw
  ch-block --socket-path /run/disk.sock --api-socket /run/disk.api --disk path=disk.qcow2,image_type=qcow2,num_queues=4
  qemu-system-x86_64 -m 1G -object memory-backend-memfd,id=mem,size=1G,share=on -numa node,memdev=mem \\
    -chardev socket,id=disk,path=/run/disk.sock -device vhost-user-blk-pci,chardev=disk,num-queues=1 ...

Exit status: 1 failed, 2 usage, 128+N ended by signal N; 0 when its front end has left (--fd), or another process serves (--upgrade-from).
`;
}
