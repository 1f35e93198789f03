/** What each key of `--disk` means, for the help: how it is given, and one line. */
export type KeyHelp = readonly [usage: string, meaning: string];

export interface ImageKeyDefaults {
  readonly queues: string;
  readonly queueSize: number;
}

/** The keys of an image, which `chctl run` and ch-block have both. */
export function imageKeysHelp({ queues, queueSize }: ImageKeyDefaults): readonly KeyHelp[] {
  return [
    ['path=PATH', 'the image: a file, or a block device of the host'],
    ['image_type=TYPE', 'raw, qcow2, vhd or vhdx. Without it raw; but an image that begins as one of another format does is refused'],
    ['readonly=on|off', 'off. on: the guest cannot write; several machines may share the image'],
    ['direct=on|off', "off. on: past the host's page cache (O_DIRECT)"],
    ['backing_files=on|off', 'off. on: a qcow2 image may lie upon other images, which it names'],
    ['sparse=on|off', 'on: what the guest discards leaves the image. off: a raw file is filled at the start, and nothing is discarded'],
    ['num_queues=N', queues],
    ['queue_size=N', `${queueSize}; a power of two from 4 to 1024`],
    ['queue_affinity=LIST', 'the host CPUs that may serve a queue, as in [0@[2],1@[3,8-11]]'],
    ['lock_granularity=HOW', 'byte-range, which locks the image up to its size; or full: up to wherever it may end'],
    ['serial=TEXT', "at most 20 bytes; without it, made of the image's device and inode"],
    ['bw_size=SIZE', 'bytes that may be read and written in the time of bw_refill_time=MS; bw_one_time_burst=SIZE more at first'],
    ['ops_size=N', 'requests in the time of ops_refill_time=MS; ops_one_time_burst=N more at first'],
  ];
}

const IMAGE_DEFAULTS: ImageKeyDefaults = {
  queues: '1; at most as many as there are vCPUs',
  queueSize: 128,
};

export const DISK_KEYS_HELP: readonly KeyHelp[] = [
  ...imageKeysHelp(IMAGE_DEFAULTS),
  ['rate_limit_group=NAME', 'the limits of a --rate-limit-group, which its disks share'],
  ['restart_timeout=SECONDS', "25: how long requests wait where the disk's process has died. 0: the machine ends with it"],
  ['on_restart_timeout=WHAT', 'end: then the machine ends; stall: they wait on; pause: so does the guest; error: further ones fail'],
  ['id=NAME', '_disk0, _disk1 and so on'],
  ['pci_device_id=N', 'the PCI slot, 1 to 31; the lowest free one'],
];
