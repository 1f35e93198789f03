/** A front end that says what a test wants, byte for byte, to a real session. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from '../lang/result.ts';
import { type NativeBuffer, allocate } from '../sys/ffi.ts';
import type { Fd } from '../sys/owned-fd.ts';
import { SOCK_STREAM, UnixSocket, socketPair } from '../sys/unix-socket.ts';
import { Session, type SessionOutcome } from '../vhost-user/backend/index.ts';
import { Channel, type Message, closeAll, encodeFrame } from '../vhost-user/channel.ts';
import { NOTHING, encodeU64 } from '../vhost-user/message.ts';
import { VHOST_USER, VHOST_USER_NEED_REPLY } from '../vhost-user/spec.ts';
import { CopyDevice } from './copy-device.ts';

export interface RawReply {
  readonly request: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

export class RawFrontEnd implements Disposable {
  readonly device: CopyDevice;
  readonly session: Session;
  readonly socket: UnixSocket;
  /** What the session has told its log, each once. */
  readonly traced = new Set<string>();
  readonly #channel: Channel;

  constructor(device = new CopyDevice()) {
    const [left, right] = expect(socketPair(SOCK_STREAM), 'socket pair');
    this.device = device;
    this.session = new Session(new UnixSocket(right), device, (event) => void this.traced.add(event));
    this.socket = new UnixSocket(left);
    this.#channel = new Channel(this.socket);
  }

  /** Sends bytes as they are; the session does not look at them yet. */
  write(bytes: Uint8Array, fds: readonly Fd[] = []): void {
    const buffer = allocate(bytes.length);
    buffer.bytes.set(bytes);
    expect(this.socket.send(buffer, 0, bytes.length, fds), 'send');
  }

  /** Sends one message and lets the session handle it. */
  send(request: number, payload: DataView = NOTHING, fds: readonly Fd[] = [], flags = 0): SessionOutcome {
    const frame: NativeBuffer = encodeFrame(request, flags, payload);
    this.write(frame.bytes, fds);
    return this.session.readable();
  }

  /** Sends one message that wants an acknowledgement; its value. */
  ask(request: number, payload: DataView = NOTHING, fds: readonly Fd[] = []): number | SessionOutcome {
    const outcome = this.send(request, payload, fds, VHOST_USER_NEED_REPLY);
    const reply = this.reply();
    return reply === undefined ? outcome : Number(reply.view.getBigUint64(0, true));
  }

  /** The next reply that is there. */
  reply(): RawReply | undefined {
    const reception = this.#channel.receive();
    if (reception.kind !== 'message') return undefined;
    return copy(reception.message);
  }

  /** Accepts `protocolFeatures` and all virtio features. */
  negotiate(protocolFeatures: bigint): void {
    this.send(VHOST_USER.SET_PROTOCOL_FEATURES, encodeU64(protocolFeatures));
    this.send(VHOST_USER.SET_FEATURES, encodeU64(this.device.features | (1n << 30n)));
  }

  [Symbol.dispose](): void {
    this.session.close();
    this.#channel.close();
  }
}

function copy(message: Message): RawReply {
  const bytes = new Uint8Array(message.payload.buffer, message.payload.byteOffset, message.payload.byteLength).slice();
  closeAll(message.fds);
  return { request: message.request, bytes, view: new DataView(bytes.buffer) };
}

/** How many descriptors and shared mappings of memfds this process has: what a leak would make grow. */
export function resources(): { readonly fds: number; readonly maps: number } {
  const maps = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('memfd:')).length;
  return { fds: readdirSync('/proc/self/fd').length, maps };
}
