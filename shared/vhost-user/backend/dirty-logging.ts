/**
 * The dirty log of a session (vhost-user, "Migration"): a bitmap of the front end's that the device writes to for as long as
 * VHOST_F_LOG_ALL is among the accepted features. Both come in any order, and change while rings run.
 */
import { type Result, err, ok } from '../../lang/result.ts';
import { type GuestMemory, MAX_LOG_SIZE, logSizeFor } from '../../memory/index.ts';
import type { Fd, OwnedFd } from '../../sys/owned-fd.ts';
import type { RequestError } from '../errors.ts';
import type { LogDescription } from '../message.ts';
import type { VhostUserDevice } from './device.ts';
import { type MappedFile, mapFile } from './map-file.ts';
import type { LogState } from './session-state.ts';
import { isSignalDescriptor } from './vring.ts';

interface Area {
  readonly description: LogDescription;
  readonly mapped: MappedFile;
  /** Open for a successor of this process. */
  readonly file: OwnedFd;
}

export class DirtyLogging {
  readonly #device: VhostUserDevice;
  #area: Area | undefined;
  #call: OwnedFd | undefined;
  #isOn = false;
  /** The device has a log. */
  #isTold = false;

  constructor(device: VhostUserDevice) {
    this.#device = device;
  }

  /** As plain data, with descriptors lent. */
  get state(): LogState<Fd> | undefined {
    return this.#area && { description: this.#area.description, file: this.#area.file.fd, call: this.#call?.fd };
  }

  /** SET_LOG_BASE. Takes the first of `fds` where it succeeds. */
  setBase(description: LogDescription, fds: OwnedFd[], memory: GuestMemory): Result<void, RequestError> {
    const [file] = fds;
    const { size, fileOffset } = description;
    if (file === undefined || fds.length !== 1) return err({ code: 'WRONG_DESCRIPTORS', count: fds.length, expected: 1 });
    if (size > MAX_LOG_SIZE) return err({ code: 'LOG_TOO_LARGE', length: size, limit: MAX_LOG_SIZE });
    const tooSmall = lacks(size, memory);
    if (tooSmall !== undefined) return err(tooSmall);
    const mapped = mapFile(file.fd, fileOffset, size);
    if (!mapped.ok) return mapped;
    fds.shift();
    this.#replace({ description, mapped: mapped.value, file });
    return ok();
  }

  /** SET_LOG_FD. Takes the first of `fds` where it succeeds. */
  setCall(fds: OwnedFd[]): Result<void, RequestError> {
    const [call] = fds;
    if (call === undefined || fds.length !== 1) return err({ code: 'WRONG_DESCRIPTORS', count: fds.length, expected: 1 });
    if (!isSignalDescriptor(call.fd)) return err({ code: 'WRONG_DESCRIPTOR_TYPE' });
    fds.shift();
    const old = this.#call;
    this.#call = call;
    this.#tell();
    old?.close();
    return ok();
  }

  /** What stands against a memory table while its writes are logged. */
  refusal(memory: GuestMemory): RequestError | undefined {
    return this.#isOn && this.#area !== undefined ? lacks(this.#area.description.size, memory) : undefined;
  }

  switch(on: boolean): void {
    if (on === this.#isOn) return;
    this.#isOn = on;
    this.#tell();
  }

  /** No ring runs. */
  close(): void {
    this.switch(false);
    this.#replace(undefined);
    this.#call?.close();
    this.#call = undefined;
  }

  #replace(area: Area | undefined): void {
    const old = this.#area;
    this.#area = area;
    this.#tell();
    old?.mapped.mapping.unmap();
    old?.file.close();
  }

  #tell(): void {
    if (!this.#isOn || this.#area === undefined) {
      if (this.#isTold) this.#device.setLog(undefined);
      this.#isTold = false;
      return;
    }
    const { mapped, description } = this.#area;
    this.#isTold = true;
    this.#device.setLog({ address: mapped.address, length: description.size, callFd: this.#call?.fd });
  }
}

function lacks(length: number, memory: GuestMemory): RequestError | undefined {
  const needed = Math.max(0, ...memory.regions.map(({ guestStart, size }) => logSizeFor(guestStart + size)));
  return length < needed ? { code: 'LOG_TOO_SMALL', length, needed } : undefined;
}
