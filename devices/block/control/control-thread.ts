/**
 * The thread that serves ch.device.v1. It is made when the first client comes: nobody who has none pays its memory, nor the time to
 * load gRPC. The thread that makes it may never come back to its own event loop; both a new thread and a message to one do without.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import type { SharedStatistics } from '../stats/statistics.ts';

/** What a control thread is told when it begins. */
export interface ControlData {
  readonly id: string;
  readonly imagePath: string;
  readonly imageType: string;
  readonly readOnly: boolean;
  /** To the data thread, which `wakeFd` wakes. */
  readonly port: MessagePort;
  readonly wakeFd: Fd;
  readonly statistics: SharedStatistics;
  /** Of the last change that clients know of. */
  readonly generation?: number;
}

export type ControlFacts = Omit<ControlData, 'port'>;

export class ControlThread {
  readonly #script: URL;
  readonly #facts: ControlFacts;
  readonly #port: MessagePort;
  #worker: Worker | undefined;

  /** `port` leads to the data thread. */
  constructor(script: URL, facts: ControlFacts, port: MessagePort) {
    this.#script = script;
    this.#facts = facts;
    this.#port = port;
  }

  /** Has a client's connection served. */
  connect(socket: OwnedFd): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(socket.take());
  }

  #start(): Worker {
    const workerData: ControlData = { ...this.#facts, port: this.#port };
    return new Worker(this.#script, { name: 'control', workerData, transferList: [this.#port] });
  }
}

/** Both ends of what connects the data thread with a control thread. */
export function controlPorts(): { readonly data: MessagePort; readonly control: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  return { data: port1, control: port2 };
}
