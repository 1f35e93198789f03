/**
 * A front end that does everything right, after each iteration: its requests are served within a deadline, the reserved sectors hold
 * what they held, what it wrote last time is still there, and the process has no more descriptors and mappings than before.
 */
import { GuestMemory } from '#shared/memory/index.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import { drainEventFd, signalEventFd } from '#shared/sys/eventfd.ts';
import { pollNow } from '#shared/sys/poll.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import { SharedRegion, eventFd } from '#shared/testing/session-pair.ts';
import {
  NOTHING,
  encodeSingleRegion,
  encodeU64,
  encodeVringAddresses,
  encodeVringFile,
  encodeVringState,
} from '#shared/vhost-user/message.ts';
import { VHOST_USER as R, VHOST_USER_F_PROTOCOL_FEATURES, VHOST_USER_PROTOCOL_F as F } from '#shared/vhost-user/spec.ts';
import { VIRTIO_F_VERSION_1 } from '#shared/virtio/spec.ts';
import { toFrontend } from '#shared/testing/session-pair.ts';
import { Client, DEADLINE_MS } from './client.ts';
import type { FuzzedDisk } from './fuzzed-disk.ts';
import { PROBED, RESERVED, SECTOR, reservedSector } from './layout.ts';

const START = 0x10_0000;
const HEADER = START + 0x4000;
const STATUS = START + 0x5000;
const DATA = START + 0x6000;
/** virtio 1.2, 5.2.3: VIRTIO_BLK_F_FLUSH; without it every write would wait for the medium. */
const FLUSH = 1n << 9n;
const T = { IN: 0, OUT: 1 } as const;
/** VIRTIO_BLK_S_IOERR. */
const IO_ERROR = 1;
/** Probes of one process until it has all that it ever needs. */
const SETTLED_AFTER = 25;
const MOST_OF_A_THREAD = 10;
const MOST_PRIVATE_MIB = 700;

export class Probe implements Disposable {
  readonly #disk: FuzzedDisk;
  readonly #region = new SharedRegion(START, 0x1_0000);
  readonly #memory: GuestMemory;
  readonly #queue: DriverQueue;
  readonly #kick = eventFd();
  readonly #call = eventFd();
  #client: Client | undefined;
  #count = 0;
  #before: { readonly fds: number; readonly maps: number } | undefined;
  #isSettled = false;

  constructor(disk: FuzzedDisk) {
    this.#disk = disk;
    const { guestStart, size, frontendStart } = this.#region.region;
    this.#memory = new GuestMemory([{ guestStart, size, frontendStart, hostAddress: this.#region.mapping.address }]);
    this.#queue = new DriverQueue(this.#memory, { size: 4, base: START });
  }

  /** Throws where something is not as it should be. */
  run(): void {
    const index = this.#count++ % this.#disk.variant.queueCount;
    this.#client = new Client(this.#disk.connect());
    try {
      this.#bringUp(index);
      this.#checkSectors();
      this.#checkUsage();
    } finally {
      this.#client.close();
    }
    const damage = this.#disk.imageDamage();
    if (damage !== undefined) throw new Error(damage);
  }

  [Symbol.dispose](): void {
    this.#region[Symbol.dispose]();
    this.#kick.close();
    this.#call.close();
  }

  #bringUp(index: number): void {
    this.#region.bytes.fill(0);
    this.#queue.startAt(0);
    drainEventFd(this.#call.fd);
    const { size, descriptor, available, used } = this.#queue.ring;
    const at = (guest: number) => toFrontend(this.#region.mapping.address + guest - START);
    const { guestStart, frontendStart } = this.#region.region;
    const region = { guestStart, size: 0x1_0000, frontendStart, fileOffset: 0 };
    const file = encodeVringFile({ index, hasDescriptor: true });
    const addresses = { index, flags: 0, descriptor: at(descriptor), available: at(available), used: at(used) };
    this.#tell(R.SET_PROTOCOL_FEATURES, encodeU64(F.MQ | F.REPLY_ACK | F.CONFIGURE_MEM_SLOTS | F.CONFIG), 'unanswered');
    this.#tell(R.SET_FEATURES, encodeU64(VIRTIO_F_VERSION_1 | VHOST_USER_F_PROTOCOL_FEATURES | FLUSH));
    this.#tell(R.ADD_MEM_REG, encodeSingleRegion(region), this.#region.file.fd);
    this.#tell(R.SET_VRING_NUM, encodeVringState({ index, num: size }));
    this.#tell(R.SET_VRING_BASE, encodeVringState({ index, num: 0 }));
    this.#tell(R.SET_VRING_ADDR, encodeVringAddresses(addresses));
    this.#tell(R.SET_VRING_CALL, file, this.#call.fd);
    this.#tell(R.SET_VRING_KICK, file, this.#kick.fd);
    this.#tell(R.SET_VRING_ENABLE, encodeVringState({ index, num: 1 }));
    this.#tell(R.GET_QUEUE_NUM, NOTHING, 'unanswered');
  }

  #tell(request: number, payload: DataView, fd?: 'unanswered' | ReturnType<typeof eventFd>['fd']): void {
    const client = this.#client;
    if (client === undefined) throw new Error('no connection');
    client.send(request, Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength), typeof fd === 'number' ? [fd] : []);
    const answer = client.settled();
    if (!client.isOpen) throw new Error(`the well-behaved front end was cut off at request ${request}`);
    if (fd !== 'unanswered' && answer?.bytes[0] !== 0) throw new Error(`the well-behaved front end was refused request ${request}`);
  }

  #checkSectors(): void {
    const { readOnly } = this.#disk.variant;
    const inside = RESERVED.first + ((this.#count * 37) % (RESERVED.count - PROBED.count));
    for (const sector of [RESERVED.first, inside, PROBED.first - 1]) this.#expectSector(sector, reservedSector(sector));
    const probed = PROBED.first + (this.#count % PROBED.count);
    const last = this.#count > PROBED.count && !readOnly ? stamp(this.#count - PROBED.count) : reservedSector(probed);
    this.#expectSector(probed, last);
    if (readOnly) return;
    this.#memory.writeBytes(DATA, stamp(this.#count));
    this.#request(T.OUT, probed);
    this.#expectSector(probed, stamp(this.#count));
  }

  #expectSector(sector: number, wanted: Uint8Array): void {
    this.#memory.writeBytes(DATA, new Uint8Array(SECTOR).fill(0x11));
    this.#request(T.IN, sector);
    const found = new Uint8Array(SECTOR);
    this.#memory.readBytes(DATA, found);
    if (this.#disk.variant.damage === undefined && Buffer.compare(found, wanted) !== 0)
      throw new Error(`sector ${sector} holds ${found.slice(0, 8).join()} instead of ${wanted.slice(0, 8).join()}`);
  }

  #request(type: number, sector: number): void {
    const header = new DataView(new ArrayBuffer(16));
    header.setUint32(0, type, true);
    header.setBigUint64(8, BigInt(sector), true);
    this.#memory.writeBytes(HEADER, new Uint8Array(header.buffer));
    this.#memory.writeU8(STATUS, 0xee);
    const parts = [
      { address: HEADER, length: 16 },
      { address: DATA, length: SECTOR, writable: type === T.IN },
      { address: STATUS, length: 1, writable: true },
    ];
    this.#queue.chain(0, parts);
    this.#queue.offer(0);
    signalEventFd(this.#kick.fd);
    for (const end = performance.now() + DEADLINE_MS; this.#queue.collect().length === 0;) {
      if (performance.now() > end) throw new Error(`the well-behaved front end's request was not served within ${DEADLINE_MS} ms`);
      if (!this.#disk.isRunning) throw new Error('the process has ended');
      pollNow(this.#call.fd, EPOLLIN, 50);
      drainEventFd(this.#call.fd);
    }
    const status = this.#memory.readU8(STATUS);
    // A damaged image may have no more than an error to give.
    if (status !== 0 && (this.#disk.variant.damage === undefined || status !== IO_ERROR))
      throw new Error(`the well-behaved front end's request for sector ${sector} ended with status ${status}`);
  }

  #checkUsage(): void {
    const { fds, maps, privateMib } = this.#disk.usage();
    this.#before ??= { fds, maps };
    const before = this.#before;
    // The thread of each queue but the first brings node's descriptors, an engine and buffers, when it has come so far.
    const threads = this.#isSettled ? 0 : this.#disk.variant.queueCount - 1;
    if (!this.#isSettled && this.#count >= SETTLED_AFTER && this.#disk.hasThreads) {
      this.#isSettled = true;
      this.#before = this.#disk.usage();
    }
    if (fds > before.fds + MOST_OF_A_THREAD * threads || maps > before.maps + threads) {
      const all = this.#disk.descriptors.join(', ');
      throw new Error(`a leak: ${before.fds} descriptors and ${before.maps} mappings became ${fds} and ${maps}: ${all}`);
    }
    if (privateMib > MOST_PRIVATE_MIB) throw new Error(`a leak: the process has ${privateMib} MiB of its own`);
  }
}

function stamp(count: number): Uint8Array {
  return new Uint8Array(SECTOR).map((_, index) => (count * 31 + index) & 0xff);
}
