/** What the two ends of a session have agreed on. */
import { type Result, err, ok } from '../../lang/result.ts';
import type { RequestError } from '../errors.ts';
import { VHOST_F_LOG_ALL, VHOST_USER_F_PROTOCOL_FEATURES, VHOST_USER_PROTOCOL_F as F } from '../spec.ts';
import type { VhostUserDevice } from './device.ts';
import { DEVICE_PROTOCOL_FEATURES, NEEDS_PROTOCOL_FEATURE, SESSION_PROTOCOL_FEATURES } from './request-rules.ts';

export class Negotiation {
  readonly #device: VhostUserDevice;
  /** What the front end accepted; undefined before SET_FEATURES and after a reset. */
  features: bigint | undefined;
  status = 0;
  #protocolFeatures = 0n;

  constructor(device: VhostUserDevice) {
    this.#device = device;
  }

  get offered(): bigint {
    return this.#device.features | VHOST_USER_F_PROTOCOL_FEATURES | (this.canLog ? VHOST_F_LOG_ALL : 0n);
  }

  get canLog(): boolean {
    return (this.offeredProtocol & F.LOG_SHMFD) !== 0n;
  }

  /** The driver's features among those accepted: without what vhost-user has put beside them. */
  static ofDriver(features: bigint): bigint {
    return features & ~VHOST_USER_F_PROTOCOL_FEATURES & ~VHOST_F_LOG_ALL;
  }

  get offeredProtocol(): bigint {
    return SESSION_PROTOCOL_FEATURES | (this.#device.protocolFeatures & DEVICE_PROTOCOL_FEATURES);
  }

  get protocolFeatures(): bigint {
    return this.#protocolFeatures;
  }

  has(protocolFeature: bigint): boolean {
    return (this.#protocolFeatures & protocolFeature) !== 0n;
  }

  setProtocolFeatures(bits: bigint): Result<undefined, RequestError> {
    const unknown = bits & ~this.offeredProtocol;
    if (unknown !== 0n) return err({ code: 'FEATURES_NOT_OFFERED', bits: unknown });
    this.#protocolFeatures = bits;
    return ok(undefined);
  }

  /** The protocol feature that a request needs and that is not there. */
  lacks(request: number): RequestError | undefined {
    const needs = NEEDS_PROTOCOL_FEATURE.get(request);
    return needs === undefined || this.has(needs[0]) ? undefined : { code: 'NOT_NEGOTIATED', feature: needs[1] };
  }

  /**
   * Whether rings can be switched at all. A reset forgets the features; QEMU switches its rings off only after it.
   */
  get canEnable(): boolean {
    return this.#protocolFeatures !== 0n || ((this.features ?? 0n) & VHOST_USER_F_PROTOCOL_FEATURES) !== 0n;
  }

  /** The negotiated protocol stays the front end's to change. */
  reset(): void {
    this.features = undefined;
    this.status = 0;
  }
}
