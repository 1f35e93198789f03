/** The launcher's first message as what to serve. */
import { resolve } from 'node:path';
import { printable } from '#shared/lang/printable.ts';
import { type Err, type Result, err, ok } from '#shared/lang/result.ts';
import { type ToDevice, WriteCache } from '#shared/rpc/start-channel.ts';
import { limitsOf } from '#shared/rpc/start-limits.ts';
import { Mapping } from '#shared/sys/mapping.ts';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import type { Served } from './data-loop.ts';
import type { LimitsGroup } from './device.ts';
import { type Image, type ImageProblem, type ImageWish, takeFence, takeImage } from './host.ts';
import { GROUP_MEMORY } from './limits/rate-limiter.ts';
import { idBytes } from './spec.ts';
import { makeStatistics } from './stats/statistics.ts';
import { affinityProblem } from './threads/affinity.ts';

type StartBlock = NonNullable<ToDevice['startBlock']>;

/** What the threads of this process run. */
export interface Scripts {
  /** The one that serves its clients. */
  readonly control: URL;
  /** Those that do its requests, where io_uring is forbidden. */
  readonly pool: URL;
  /** Those that serve one queue each. */
  readonly queue: URL;
}

const IMAGE_TYPES = ['raw', 'qcow2', 'vhd', 'vhdx'] as const;

/** Its image is locked, unless another process serves it still. */
export function readStart(start: StartBlock, fds: readonly OwnedFd[], { pool, queue }: Scripts): Result<Served, ImageProblem> {
  const socket = fds[(start.socket ?? 0) - 1];
  if (socket === undefined && !start.handOver) return LACKING;
  const group = readGroup(start, fds);
  if (!group.ok) return refusal(group.error);
  const queueAffinity = affinityOf(start);
  const misplaced = affinityProblem(queueAffinity);
  if (misplaced !== undefined) return refusal(`${nameOf(start)} ${misplaced}`);
  const wish = wishOf(start);
  const files = takeFiles(start, fds, wish);
  if (!files.ok) return files;
  const { image, fence } = files.value;
  const queueCount = start.numQueues || 1;
  return ok({
    imageFd: image.fd,
    ...(fence === undefined ? {} : { fenceFd: fence }),
    imageType: IMAGE_TYPES.find((type) => type === start.imageType) ?? 'raw',
    imagePath: resolve(start.workingFolder || '/', start.path ?? ''),
    direct: start.direct ?? false,
    backingFiles: start.backingFiles ?? false,
    lockGranularity: wish.granularity,
    rawSectors: image.sectors,
    readOnly: wish.readOnly,
    id: idBytes(start.serial ?? ''),
    queueCount,
    maxQueueSize: start.queueSize || 128,
    sparse: wish.sparse,
    writeThrough: start.writeCache === WriteCache.THROUGH,
    limits: limitsOf(start.limits),
    ...(group.value === undefined ? {} : { group: group.value }),
    statistics: makeStatistics(queueCount),
    poolScript: pool.href,
    threadScript: queue.href,
    queueAffinity,
    socket: socket === undefined ? { kind: 'inherited' } : { kind: 'connected', fd: socket.take() },
  });
}

export function refusal(line: string): Err<ImageProblem> {
  return err({ line, isLocked: false });
}

const LACKING = refusal('the start message lacks a descriptor');

export function nameOf(start: ToDevice['startBlock']): string {
  return `disk ${start?.id ?? ''} "${printable(start?.path ?? '')}"`;
}

interface Files {
  readonly image: Image;
  readonly fence: Fd | undefined;
}

function takeFiles(start: StartBlock, fds: readonly OwnedFd[], wish: ImageWish): Result<Files, ImageProblem> {
  const image = fds[(start.image ?? 0) - 1];
  if (image === undefined) return LACKING;
  const taken = takeImage(image.take(), nameOf(start), wish);
  if (!taken.ok) return taken;
  const file = fds[(start.fence ?? 0) - 1];
  if (file === undefined) return ok({ image: taken.value, fence: undefined });
  const fence = wish.isServed === true ? ok(file.take()) : takeFence(file.take(), nameOf(start), wish.wait);
  return fence.ok ? ok({ image: taken.value, fence: fence.value }) : fence;
}

function wishOf(start: StartBlock): ImageWish {
  return {
    readOnly: start.readOnly ?? false,
    imageType: start.imageType || undefined,
    sparse: start.sparse ?? false,
    granularity: start.lockGranularity === 'full' ? 'full' : 'byte-range',
    wait: start.lockWaitMs || undefined,
    isServed: Boolean(start.handOver),
    deviceSize: start.deviceSize ?? 0,
  };
}

function affinityOf({ queueAffinity }: StartBlock): Served['queueAffinity'] {
  return (queueAffinity ?? []).map(({ queueIndex, hostCpus }) => ({ queue: queueIndex ?? 0, hostCpus: hostCpus ?? [] }));
}

/** The memory of a rate limit group, mapped for good. */
function readGroup(start: StartBlock, fds: readonly OwnedFd[]): Result<LimitsGroup | undefined, string> {
  if (!start.rateLimitGroup) return ok(undefined);
  const { id, state } = start.rateLimitGroup;
  const file = fds[(state ?? 0) - 1];
  if (file === undefined) return err('the start message lacks a descriptor');
  const mapping = Mapping.map({ length: GROUP_MEMORY, fd: file.fd });
  file.close();
  return mapping.ok ? ok({ id: id ?? '', memory: mapping.value.view() }) : err(mapping.error.message);
}
