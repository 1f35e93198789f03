/**
 * The vhost-user protocol's numbers and layouts, in the order and spelling of its specification
 * (https://qemu-project.gitlab.io/qemu/interop/vhost-user.html, sections "Message Specification", "Protocol features",
 * "Front-end message types", "Back-end message types").
 *
 * The specification says "native byte order"; this project runs on little-endian machines only.
 */
import { bytes, le16, le32, le64, le64Bits } from '../layout/fields.ts';
import { struct } from '../layout/struct.ts';

/** "Header": three words before every payload. */
export const VhostUserHeader = struct('VhostUserHeader', { request: le32, flags: le32, size: le32 }, { packed: true });

/** Flags: the version in the lower two bits, then who expects what. */
export const VHOST_USER_VERSION_MASK = 3;
export const VHOST_USER_VERSION = 1;
export const VHOST_USER_REPLY = 1 << 2;
export const VHOST_USER_NEED_REPLY = 1 << 3;
export const VHOST_USER_KNOWN_FLAGS = VHOST_USER_VERSION_MASK | VHOST_USER_REPLY | VHOST_USER_NEED_REPLY;

/** "Front-end message types": the front end asks, the back end answers. */
export const VHOST_USER = {
  GET_FEATURES: 1,
  SET_FEATURES: 2,
  SET_OWNER: 3,
  RESET_OWNER: 4,
  SET_MEM_TABLE: 5,
  SET_LOG_BASE: 6,
  SET_LOG_FD: 7,
  SET_VRING_NUM: 8,
  SET_VRING_ADDR: 9,
  SET_VRING_BASE: 10,
  GET_VRING_BASE: 11,
  SET_VRING_KICK: 12,
  SET_VRING_CALL: 13,
  SET_VRING_ERR: 14,
  GET_PROTOCOL_FEATURES: 15,
  SET_PROTOCOL_FEATURES: 16,
  GET_QUEUE_NUM: 17,
  SET_VRING_ENABLE: 18,
  SEND_RARP: 19,
  NET_SET_MTU: 20,
  SET_BACKEND_REQ_FD: 21,
  IOTLB_MSG: 22,
  SET_VRING_ENDIAN: 23,
  GET_CONFIG: 24,
  SET_CONFIG: 25,
  CREATE_CRYPTO_SESSION: 26,
  CLOSE_CRYPTO_SESSION: 27,
  POSTCOPY_ADVISE: 28,
  POSTCOPY_LISTEN: 29,
  POSTCOPY_END: 30,
  GET_INFLIGHT_FD: 31,
  SET_INFLIGHT_FD: 32,
  GPU_SET_SOCKET: 33,
  RESET_DEVICE: 34,
  VRING_KICK: 35,
  GET_MAX_MEM_SLOTS: 36,
  ADD_MEM_REG: 37,
  REM_MEM_REG: 38,
  SET_STATUS: 39,
  GET_STATUS: 40,
  GET_SHARED_OBJECT: 41,
  SET_DEVICE_STATE_FD: 42,
  CHECK_DEVICE_STATE: 43,
} as const;

/** "Back-end message types": the back end asks, over the channel of SET_BACKEND_REQ_FD. */
export const VHOST_USER_BACKEND = {
  IOTLB_MSG: 1,
  CONFIG_CHANGE_MSG: 2,
  VRING_HOST_NOTIFIER_MSG: 3,
  VRING_CALL: 4,
  VRING_ERR: 5,
} as const;

/** The virtio feature bit 30, which virtio leaves unused, says that protocol features can be negotiated. */
export const VHOST_USER_F_PROTOCOL_FEATURES = 1n << 30n;
/** Dirty logging, the virtio feature bit 26 in vhost's use. */
export const VHOST_F_LOG_ALL = 1n << 26n;

/** "Protocol features". */
export const VHOST_USER_PROTOCOL_F = {
  MQ: 1n << 0n,
  LOG_SHMFD: 1n << 1n,
  RARP: 1n << 2n,
  REPLY_ACK: 1n << 3n,
  MTU: 1n << 4n,
  BACKEND_REQ: 1n << 5n,
  CROSS_ENDIAN: 1n << 6n,
  CRYPTO_SESSION: 1n << 7n,
  PAGEFAULT: 1n << 8n,
  CONFIG: 1n << 9n,
  BACKEND_SEND_FD: 1n << 10n,
  HOST_NOTIFIER: 1n << 11n,
  INFLIGHT_SHMFD: 1n << 12n,
  RESET_DEVICE: 1n << 13n,
  INBAND_NOTIFICATIONS: 1n << 14n,
  CONFIGURE_MEM_SLOTS: 1n << 15n,
  STATUS: 1n << 16n,
  DEVICE_STATE: 1n << 19n,
} as const;

/** "A single 64-bit integer". */
export const VhostUserU64 = struct('VhostUserU64', { value: le64Bits }, { packed: true });

/** SET_VRING_KICK, _CALL and _ERR: the ring's index in the low byte, and the flag that no descriptor comes along. */
export const VHOST_USER_VRING_IDX_MASK = 0xff;
export const VHOST_USER_VRING_NOFD = 0x100;

/** "A vring state description". */
export const VhostVringState = struct('vhost_vring_state', { index: le32, num: le32 }, { packed: true });

/** "A vring address description". The three ring addresses are the front end's own; `log` is the guest's. */
export const VhostVringAddr = struct(
  'vhost_vring_addr',
  { index: le32, flags: le32, desc_user_addr: le64, used_user_addr: le64, avail_user_addr: le64, log_guest_addr: le64 },
  { packed: true },
);
export const VHOST_VRING_F_LOG = 1;

/** "Memory regions description": a count, padding, then that many regions. */
export const VhostUserMemory = struct('VhostUserMemory', { nregions: le32, padding: le32 }, { packed: true });
export const VhostUserMemoryRegion = struct(
  'VhostUserMemoryRegion',
  { guest_phys_addr: le64, memory_size: le64, userspace_addr: le64, mmap_offset: le64 },
  { packed: true },
);
/** "Single memory region description": padding, then one VhostUserMemoryRegion. */
export const VhostUserMemRegMsg = struct(
  'VhostUserMemRegMsg',
  { padding: le64Bits, region: bytes(VhostUserMemoryRegion.size) },
  { packed: true },
);
/** Without CONFIGURE_MEM_SLOTS no back end needs to take more than these (VHOST_MEMORY_BASELINE_NREGIONS). */
export const VHOST_MEMORY_BASELINE_NREGIONS = 8;

/** "Log description": where in the file of SET_LOG_BASE the dirty log lies. */
export const VhostUserLog = struct('VhostUserLog', { mmap_size: le64, mmap_offset: le64 }, { packed: true });

/** "Device state transfer parameters", and the answer: eight bits of status, and the flag that no descriptor comes along. */
export const VhostUserTransferDeviceState = struct('VhostUserTransferDeviceState', { direction: le32, phase: le32 }, { packed: true });
export const VHOST_USER_TRANSFER_STATE_DIRECTION_SAVE = 0;
export const VHOST_USER_TRANSFER_STATE_DIRECTION_LOAD = 1;
export const VHOST_USER_TRANSFER_STATE_PHASE_STOPPED = 0;
export const VHOST_USER_STATE_STATUS_MASK = 0xffn;
export const VHOST_USER_STATE_NOFD = 0x100n;

/** "Virtio device config space": then `size` bytes. */
export const VhostUserConfig = struct('VhostUserConfig', { offset: le32, size: le32, flags: le32 }, { packed: true });
export const VHOST_USER_MAX_CONFIG_SIZE = 256;
export const VHOST_USER_CONFIG_WRITABLE = 0;
export const VHOST_USER_CONFIG_MIGRATION = 1;

/**
 * "Inflight description". The specification's table ends after `queue_size`, at 20 bytes; QEMU, DPDK and libvhost-user all
 * send their C struct, which is padded to 24, and insist on that size. 24 is what we send; both are taken.
 */
export const VhostUserInflight = struct('VhostUserInflight', { mmap_size: le64, mmap_offset: le64, num_queues: le16, queue_size: le16 });
export const VHOST_USER_INFLIGHT_UNPADDED = 20;

/** The longest message taken: room for the largest memory table and the largest config access, with some to spare. */
export const MAX_PAYLOAD = 4096;
/** Regions that SET_MEM_TABLE, and slots that ADD_MEM_REG, may fill here. One descriptor each, in one message. */
export const MAX_MEMORY_REGIONS = 32;
