/** From a new session with a back end to what its device is to a driver. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import {
  type BackendOffer,
  FRONTEND_PROTOCOL_FEATURES,
  type Frontend,
  type FrontendError,
  VHOST_USER_PROTOCOL_F,
} from '#shared/vhost-user/frontend/index.ts';
import { RING_FEATURES } from '#shared/virtio/index.ts';
import { VIRTIO_F_VERSION_1, VIRTIO_ID_BLOCK, VIRTIO_ID_RNG } from '#shared/virtio/spec.ts';
import type { ConfigField } from '../virtio-pci/device-config.ts';
import { describeFailure } from './backend-failure.ts';
import type { DeviceOffer, LinkContext } from './device-link.ts';

/** What a device type needs of us, whoever runs it. */
export interface BackendType {
  readonly classCode: number;
  /** Device-specific feature bits that can be passed on: those whose configuration fields are read. */
  readonly features: bigint;
  /** Bytes of configuration that every version of the device has; 0 for none. */
  readonly configSize: number;
  /** A le16 of it: how many queues the driver may use. */
  readonly queueCountAt?: number;
  /** What the last byte of a request says that failed; undefined: requests of this type cannot. */
  readonly failedStatus?: number;
  /** Fields that the driver may write, with the feature that says so. */
  readonly writable: readonly { readonly feature: bigint; readonly field: ConfigField }[];
}

const BACKEND_TYPES: ReadonlyMap<number, BackendType> = new Map([
  [
    // virtio 1.2, 5.2.3 and 5.2.4. Back ends differ in what follows the first 60 bytes: that is for bits 16 (secure erase) and up.
    VIRTIO_ID_BLOCK,
    {
      classCode: 0x0180,
      features: 0xffffn,
      configSize: 60,
      queueCountAt: 34,
      // 5.2.6: VIRTIO_BLK_S_IOERR.
      failedStatus: 1,
      writable: [{ feature: 1n << 11n, field: { offset: 32, length: 1 } }],
    },
  ],
  // 5.4: neither features nor configuration.
  [VIRTIO_ID_RNG, { classCode: 0xffff, features: 0n, configSize: 0, writable: [] }],
]);

/** A ring's index is one byte where its descriptors are passed. */
const MOST_QUEUES = 256;

export interface WantedDevice {
  readonly deviceType: number;
  readonly queueCount: number;
  readonly queueSize: number;
}

export function backendType(deviceType: number): Result<BackendType, string> {
  const type = BACKEND_TYPES.get(deviceType);
  return type === undefined ? err(`device type ${deviceType} is not supported yet over vhost-user`) : ok(type);
}

/**
 * What to negotiate. Of the bits that are no single device's, those of the split ring itself pass. Not the others: our registers
 * have no place for RING_RESET, NOTIFICATION_DATA and NOTIF_CONFIG_DATA, nor for more queues than they show (ADMIN_VQ, SR_IOV);
 * ACCESS_PLATFORM and ORDER_PLATFORM are for devices behind an IOMMU; a PACKED ring would be configured, saved and continued
 * in other ways; IN_ORDER says nothing a driver of ours needs, and a ring that is replayed may break it.
 */
export function wantedFeatures(type: BackendType): { readonly wantedFeatures: bigint; readonly wantedProtocolFeatures: bigint } {
  return { wantedFeatures: RING_FEATURES | type.features, wantedProtocolFeatures: FRONTEND_PROTOCOL_FEATURES };
}

export interface NegotiatedDevice {
  readonly offer: DeviceOffer;
  readonly features: bigint;
}

/**
 * Negotiates, and gives the back end the guest's memory: what is done now needs not be done at DRIVER_OK. Four round trips,
 * for each needs the answers of the one before. An error is one line without the device's name.
 */
export async function negotiateDevice(
  frontend: Frontend,
  wanted: WantedDevice,
  type: BackendType,
  regions: LinkContext['regions'],
): Promise<Result<NegotiatedDevice, string>> {
  const negotiated = await frontend.negotiate();
  if (!negotiated.ok) return err(describeFailure(negotiated.error));
  const refused = refusalOf(negotiated.value, wanted, type);
  if (refused !== undefined) return err(refused);
  const [config, memory] = await Promise.all([readDeviceConfig(frontend, wanted, type), frontend.setMemoryTable(regions)]);
  if (!config.ok) return err(configFailure(config.error, type));
  if (!memory.ok) return err(describeFailure(memory.error));
  const { features } = negotiated.value;
  return ok({ features, offer: makeOffer(wanted, type, features, config.value) });
}

/** The configuration as the driver is to see it: it must not look for more queues than there are registers for. */
export async function readDeviceConfig(
  frontend: Frontend,
  { queueCount }: WantedDevice,
  { configSize, queueCountAt }: BackendType,
): Promise<Result<Uint8Array, FrontendError>> {
  if (configSize === 0) return ok(new Uint8Array(0));
  const config = await frontend.readConfig(0, configSize);
  if (config.ok && queueCountAt !== undefined) new DataView(config.value.buffer).setUint16(queueCountAt, queueCount, true);
  return config;
}

function refusalOf({ features, protocolFeatures, queueCount }: BackendOffer, wanted: WantedDevice, type: BackendType): string | undefined {
  if ((features & VIRTIO_F_VERSION_1) === 0n) {
    return 'its device process does not offer VIRTIO_F_VERSION_1; use one that serves modern (virtio 1.0) drivers';
  }
  if (type.configSize > 0 && (protocolFeatures & VHOST_USER_PROTOCOL_F.CONFIG) === 0n) {
    return 'its device process does not offer the vhost-user feature CONFIG, which this type of device needs; use one that does';
  }
  // Without MQ a back end has the least that its type can have.
  const most = Math.min(queueCount ?? 1, MOST_QUEUES);
  if (wanted.queueCount <= most) return undefined;
  return `its device process serves at most ${most} ${most === 1 ? 'queue' : 'queues'}, not ${wanted.queueCount}; set num_queues accordingly`;
}

function configFailure(error: FrontendError, { configSize }: BackendType): string {
  if (error.code !== 'REFUSED') return describeFailure(error);
  return `its device process does not have the ${configSize} bytes of configuration that this type of device has`;
}

export function featuresOf({ featuresLow, featuresHigh }: DeviceOffer): bigint {
  return (BigInt(featuresHigh) << 32n) | BigInt(featuresLow);
}

function makeOffer(wanted: WantedDevice, type: BackendType, features: bigint, config: Uint8Array): DeviceOffer {
  return {
    deviceType: wanted.deviceType,
    classCode: type.classCode,
    featuresLow: Number(BigInt.asUintN(32, features)),
    featuresHigh: Number(features >> 32n),
    queueSizes: new Array<number>(wanted.queueCount).fill(wanted.queueSize),
    config: [...config],
    writableConfig: type.writable.filter(({ feature }) => (features & feature) !== 0n).map(({ field }) => field),
  };
}
