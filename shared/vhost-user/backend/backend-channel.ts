import { UnixSocket } from '../../sys/unix-socket.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import { Channel, encodeFrame } from '../channel.ts';
import { NOTHING } from '../message.ts';
import { VHOST_USER_BACKEND } from '../spec.ts';
import type { BackendRequests } from './device.ts';
import type { BackendChannelState } from './session-state.ts';

/**
 * The socket of SET_BACKEND_REQ_FD, over which we ask. We never ask for replies, so nothing is ever read from it. A front end
 * that does not read gets no further notices: the one it has not read yet says as much.
 */
export class BackendChannel implements BackendRequests {
  readonly #channel: Channel;
  #isSuspended: boolean;
  #configChanged: boolean;

  /** `isSuspended`: no ring runs. `configChanged`: that is still to be told. */
  constructor(socket: OwnedFd, isSuspended: boolean, configChanged = false) {
    this.#channel = new Channel(new UnixSocket(socket));
    this.#isSuspended = isSuspended;
    this.#configChanged = configChanged;
  }

  /** For a successor of this process; the descriptor stays the channel's. */
  get state(): BackendChannelState<Fd> {
    return { socket: this.#channel.fd, configChanged: this.#configChanged };
  }

  configChanged(): void {
    this.#configChanged = true;
    this.#flush();
  }

  /** "Suspended device state": with all rings stopped a device sends no messages to its front end. */
  setSuspended(isSuspended: boolean): void {
    this.#isSuspended = isSuspended;
    this.#flush();
  }

  close(): void {
    this.#channel.close();
  }

  #flush(): void {
    if (!this.#configChanged || this.#isSuspended) return;
    this.#configChanged = false;
    // Twelve bytes to a stream socket go whole or not at all. A failure means that the front end is going: its session tells.
    this.#channel.send(encodeFrame(VHOST_USER_BACKEND.CONFIG_CHANGE_MSG, 0, NOTHING), 0, []);
  }
}
