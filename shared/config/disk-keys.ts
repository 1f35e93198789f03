/** The keys of `--disk` that say which image is served and how: the same here as where ch-block is started by hand. */
import type { OptionKeys } from './option-keys.ts';
import { limitsOfKeys, rateLimitKeys } from './rate-limit-keys.ts';
import type { RateLimits } from './rate-limits.ts';
import { type ValueType, integer, integerList, oneOf, powerOfTwo, shortText, text, toggle, tupleList } from './value-types.ts';

export type ImageType = 'raw' | 'qcow2' | 'vhd' | 'vhdx';
export type LockGranularity = 'byte-range' | 'full';

/** The host CPUs that may serve a queue. */
export interface QueueAffinity {
  readonly queue: number;
  readonly hostCpus: readonly number[];
}

export interface ImageConfig {
  readonly path: string;
  readonly readOnly: boolean;
  /** Undefined: raw, unless its first bytes claim another format. */
  readonly imageType: ImageType | undefined;
  /** Past the host's page cache (O_DIRECT). */
  readonly direct: boolean;
  /** A qcow2 image may name others that it lies upon. */
  readonly backingFiles: boolean;
  /** What the guest discards leaves the image, and a raw image may have holes. */
  readonly sparse: boolean;
  readonly numQueues: number;
  readonly queueSize: number;
  /** Of the queues that are not to run on any CPU. */
  readonly queueAffinity: readonly QueueAffinity[];
  readonly lockGranularity: LockGranularity;
  /** At most 20 bytes; undefined: derived from the image, or none. */
  readonly serial: string | undefined;
  readonly limits: RateLimits;
}

export interface QueueBounds {
  readonly queues: ValueType<number>;
  readonly defaultQueueSize: number;
}

/** The smallest has room for a request of one segment; the largest is what guests are known to take. */
const QUEUE_SIZE = powerOfTwo(4, 1024);
/** virtio 1.2, 5.2.6: GET_ID answers 20 bytes. */
const SERIAL_BYTES = 20;
/** More CPUs than Linux knows. */
const MAX_CPU = 8191;
const MAX_QUEUE = 65_535;
const SERVED_TYPE = oneOf('raw', 'qcow2', 'vhd', 'vhdx');
/** VMDK is Cloud Hypervisor's too. */
const KNOWN_TYPE: ValueType<ImageType | 'vmdk'> = {
  expected: SERVED_TYPE.expected,
  parse: (value) => (value === 'vmdk' ? value : SERVED_TYPE.parse(value)),
};
const AFFINITY = tupleList(integer(0, MAX_QUEUE), integerList);

export function imageKeys(keys: OptionKeys, { queues, defaultQueueSize }: QueueBounds): ImageConfig {
  const path = keys.required('path', text) ?? '';
  const readOnly = keys.value('readonly', toggle) ?? false;
  const numQueues = keys.value('num_queues', queues) ?? 1;
  return {
    path,
    readOnly,
    imageType: imageType(keys),
    direct: keys.value('direct', toggle) ?? false,
    backingFiles: keys.value('backing_files', toggle) ?? false,
    sparse: keys.value('sparse', toggle) ?? true,
    numQueues,
    queueSize: keys.value('queue_size', QUEUE_SIZE) ?? defaultQueueSize,
    queueAffinity: queueAffinity(keys, numQueues),
    lockGranularity: keys.value('lock_granularity', oneOf('byte-range', 'full')) ?? 'byte-range',
    serial: keys.value('serial', shortText(SERIAL_BYTES)),
    limits: limitsOfKeys(rateLimitKeys(keys)),
  };
}

function imageType(keys: OptionKeys): ImageType | undefined {
  const type = keys.value('image_type', KNOWN_TYPE);
  if (type !== 'vmdk') return type;
  keys.only('image_type', KNOWN_TYPE, 'raw', 'convert the image with `qemu-img convert -O raw`');
  return undefined;
}

/** `[0@[1,2],1@[3-5]]` */
function queueAffinity(keys: OptionKeys, numQueues: number): readonly QueueAffinity[] {
  const given = keys.value('queue_affinity', AFFINITY) ?? [];
  const seen = new Set<number>();
  for (const [queue, hostCpus] of given) {
    const text = `[${queue}@[${hostCpus.join(',')}]]`;
    if (queue >= numQueues) keys.bad('queue_affinity', text, `a queue below the ${numQueues} of num_queues`);
    else if (seen.has(queue)) keys.bad('queue_affinity', text, 'each queue once');
    else if (hostCpus.length === 0 || hostCpus.some((cpu) => cpu > MAX_CPU)) {
      keys.bad('queue_affinity', text, `at least one CPU for each queue, each from 0 to ${MAX_CPU}`);
    }
    seen.add(queue);
  }
  return given.map(([queue, hostCpus]) => ({ queue, hostCpus }));
}
