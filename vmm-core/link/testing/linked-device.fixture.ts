/** A virtio device of a real (never running) virtual machine, linked to a back end of ours in the same thread. */
import { type Result, expect } from '#shared/lang/result.ts';
import { GuestMemory } from '#shared/memory/index.ts';
import { EPOLLIN } from '#shared/sys/epoll.ts';
import type { OwnedFd } from '#shared/sys/owned-fd.ts';
import { SOCK_STREAM, UnixSocket, socketPair } from '#shared/sys/unix-socket.ts';
import { type Watch, Watcher } from '#shared/sys/watcher.ts';
import { CopyDevice } from '#shared/testing/copy-device.ts';
import { DriverQueue } from '#shared/testing/driver-queue.ts';
import { SharedRegion } from '#shared/testing/session-pair.ts';
import { Session, type SessionOutcome } from '#shared/vhost-user/backend/index.ts';
import { RING_FEATURES } from '#shared/virtio/index.ts';
import { type Made, make } from '../../virtio-pci/testing/made-machine.ts';
import type { VirtioPciPlan } from '../../virtio-pci/virtio-pci-device.ts';
import { BackendLink, type BackendLinkOptions, type BackendLinkSpec } from '../backend-link.ts';
import type { LinkContext, LinkError } from '../device-link.ts';

export const GUEST_START = 0x10_0000;
const REGION_SIZE = 0x10_0000;
/** virtio 1.2, 5.2.3 and 5.2.4. */
export const BLK_F_CONFIG_WCE = 1n << 11n;
export const WCE_AT = 32;
export const NUM_QUEUES_AT = 34;

/** Copies what it reads, and is a disk for the rest. */
export class DiskLike extends CopyDevice {
  override readonly features: bigint = RING_FEATURES | BLK_F_CONFIG_WCE;
  override readonly config = Uint8Array.from({ length: 60 }, (_, index) => index + 1);
}

/** The end of the device process. */
export class Peer {
  readonly device: CopyDevice;
  readonly socket: UnixSocket;
  /** Settled when the session is over and its socket closed. */
  readonly ended: Promise<void>;
  outcome: SessionOutcome = 'open';
  readonly #session: Session;
  readonly #watch: Watch;
  #end: () => void = () => {};

  constructor(device: CopyDevice, socket: OwnedFd, watcher: Watcher) {
    this.device = device;
    this.socket = new UnixSocket(socket);
    this.#session = new Session(this.socket, device);
    this.ended = new Promise((resolve) => void (this.#end = resolve));
    this.#watch = watcher.watch(socket.fd, EPOLLIN, () => {
      this.outcome = this.#session.readable();
      if (this.outcome !== 'open') this.close();
    });
  }

  /** Reads nothing any more, and stays connected. */
  fallSilent(): void {
    this.#watch.modify(0);
  }

  /** The opposite. */
  speak(): void {
    this.#watch.modify(EPOLLIN);
  }

  close(): void {
    this.#watch.close();
    this.#session.close();
    this.#end();
  }
}

export interface ConnectOptions extends BackendLinkOptions {
  /** The back end never answers. */
  readonly isSilent?: boolean;
}

/** What the links of a test have in common. */
export class LinkPlace implements AsyncDisposable {
  readonly watcher = new Watcher();
  readonly region: SharedRegion;
  readonly memory: GuestMemory;
  readonly failures: string[] = [];
  readonly news: string[] = [];
  readonly context: LinkContext;

  constructor(memorySize = REGION_SIZE) {
    this.region = new SharedRegion(GUEST_START, memorySize);
    this.memory = new GuestMemory([{ ...this.region.region, hostAddress: this.region.mapping.address }]);
    this.context = {
      watcher: this.watcher,
      memory: this.memory,
      regions: [this.region.region],
      failed: (id, { code, message }) => void this.failures.push(`${id} ${code}: ${message}`),
      told: (id, { code, message }) => void this.news.push(`${id} ${code}: ${message}`),
    };
  }

  /** A link to a back end of ours. */
  async connect(device: CopyDevice, changes: Partial<BackendLinkSpec> = {}, options: ConnectOptions = {}): Promise<Linked> {
    const [socket, theirs] = expect(socketPair(SOCK_STREAM), 'socket pair');
    const peer = new Peer(device, theirs, this.watcher);
    if (options.isSilent === true) peer.fallSilent();
    const link = await this.connectTo(socket, changes, options);
    return link.ok ? { peer, link: link.value } : { peer, error: link.error };
  }

  connectTo(
    socket: OwnedFd,
    changes: Partial<BackendLinkSpec> = {},
    options: ConnectOptions = {},
  ): Promise<Result<BackendLink, LinkError>> {
    return BackendLink.connect({ id: 'disk0', deviceType: 2, queueCount: 2, queueSize: 128, socket, ...changes }, this.context, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watcher.close();
    this.region[Symbol.dispose]();
  }
}

export type Linked = { readonly peer: Peer } & ({ readonly link: BackendLink } | { readonly link?: undefined; readonly error: LinkError });

/** Brings a machine with one device, run by a back end of ours, up to where its driver begins. */
export async function link(
  device = new DiskLike(),
  changes: Partial<BackendLinkSpec> = {},
  options?: ConnectOptions,
): Promise<LinkedDevice> {
  const place = new LinkPlace();
  const linked = await place.connect(device, changes, options);
  if (linked.link === undefined) throw new Error(linked.error.message);
  return new LinkedDevice(place, linked.link, linked.peer);
}

/** What a driver does to its device, whatever runs that. */
export class LinkedDriver implements AsyncDisposable {
  readonly place: LinkPlace;
  readonly made: Made;
  /** Another takes over in a test of that. */
  link: BackendLink;

  constructor(place: LinkPlace, connected: BackendLink) {
    this.place = place;
    this.link = connected;
    this.made = make(connected.offer);
    connected.attach(this.made.machine.device);
  }

  get plan(): VirtioPciPlan {
    return this.made.plan;
  }

  get status(): number {
    return this.made.machine.read(0x14, 1);
  }

  set status(value: number) {
    this.made.machine.write(0x14, 1, value);
  }

  /** Gives the link what the driver's accesses have asked for. */
  pump(): void {
    const bits = this.made.machine.effects.take(1);
    if (bits !== 0) this.link.take(bits);
  }

  /** Lets everything happen until `done`. */
  async until(done: () => boolean): Promise<void> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      this.pump();
      if (done()) return;
      if (Date.now() > deadline) throw new Error(`nothing happened for 10 s; ${this.place.failures.join('; ')}`);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  /** A ring of the driver's at a page of its own for each index. */
  ring(index: number): DriverQueue {
    return new DriverQueue(this.place.memory, { size: 16, base: GUEST_START + index * 0x1000 });
  }

  /** The driver's first steps, accepting `features` of what is offered. */
  negotiate(features = 0xffff_ffff_ffff_ffffn): void {
    const { machine } = this.made;
    for (const status of [1, 3]) this.status = status;
    for (const half of [0, 1]) {
      machine.write(0x00, 4, half);
      machine.write(0x08, 4, half);
      const wanted = Number(BigInt.asUintN(32, features >> BigInt(32 * half)));
      machine.write(0x0c, 4, (machine.read(0x04, 4) & wanted) >>> 0);
    }
    this.status = 0xb;
    machine.write(0x10, 2, 0);
  }

  enable(index: number, ring: DriverQueue['ring'], vector = index + 1): void {
    const { machine } = this.made;
    machine.write(0x16, 2, index);
    machine.write(0x18, 2, ring.size);
    machine.write(0x1a, 2, vector);
    for (const [place, address] of [ring.descriptor, ring.available, ring.used].entries()) {
      machine.write(0x20 + place * 8, 4, address % 2 ** 32);
      machine.write(0x24 + place * 8, 4, Math.floor(address / 2 ** 32));
    }
    machine.write(0x1c, 2, 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.link.close();
    this.made[Symbol.dispose]();
    await this.place[Symbol.asyncDispose]();
  }
}

/** The same before a back end of ours. */
export class LinkedDevice extends LinkedDriver {
  /** The back end, or the last one that there was. */
  peer: Peer;

  constructor(place: LinkPlace, connected: BackendLink, peer: Peer) {
    super(place, connected);
    this.peer = peer;
  }

  get device(): CopyDevice {
    return this.peer.device;
  }

  /** Brings another back end. */
  reconnect(device: CopyDevice): Promise<Result<void, LinkError>> {
    const [socket, theirs] = expect(socketPair(SOCK_STREAM), 'socket pair');
    this.peer = new Peer(device, theirs, this.place.watcher);
    return this.link.reconnect(socket);
  }

  override pump(): void {
    super.pump();
    this.device.poll();
  }

  /** Negotiates, enables both queues and waits until the back end runs them. */
  async activate(features?: bigint): Promise<DriverQueue> {
    this.device.calls.splice(0);
    this.negotiate(features);
    const first = this.ring(0);
    this.enable(0, first.ring);
    this.enable(1, this.ring(1).ring);
    this.status = 0xf;
    await this.until(() => this.device.calls.includes('enable 1'));
    return first;
  }

  /** Has the driver ask for `text` to be copied by queue 0, and notify. */
  request(queue: DriverQueue, text: string, head = 0): void {
    const at = GUEST_START + 0x8000 + head * 0x100;
    this.place.memory.writeBytes(at, Buffer.from(text.padEnd(8)));
    queue.chain(head, [
      { address: at, length: 8 },
      { address: at + 0x80, length: 8, writable: true },
    ]);
    queue.offer(head);
    this.made.machine.write(0x6000, 2, 0);
  }

  answer(head = 0): string {
    const bytes = Buffer.alloc(8);
    this.place.memory.readBytes(GUEST_START + 0x8000 + head * 0x100 + 0x80, bytes);
    return bytes.toString().trimEnd();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.peer.close();
    await super[Symbol.asyncDispose]();
  }
}
