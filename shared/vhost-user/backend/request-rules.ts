/** What holds for each request whatever its bytes say. */
import { VHOST_USER, VHOST_USER_PROTOCOL_F as F } from '../spec.ts';

/** What every device has through the session. */
export const SESSION_PROTOCOL_FEATURES = F.MQ | F.REPLY_ACK | F.CONFIGURE_MEM_SLOTS | F.STATUS | F.RESET_DEVICE;
/** What a device may choose besides. */
export const DEVICE_PROTOCOL_FEATURES = F.CONFIG | F.BACKEND_REQ | F.INFLIGHT_SHMFD;

/** Answered with a payload of their own: an acknowledgement that says "refused" has no place there. */
export const ANSWERED: ReadonlySet<number> = new Set([
  VHOST_USER.GET_FEATURES,
  VHOST_USER.GET_PROTOCOL_FEATURES,
  VHOST_USER.GET_VRING_BASE,
  VHOST_USER.GET_QUEUE_NUM,
  VHOST_USER.GET_CONFIG,
  VHOST_USER.GET_INFLIGHT_FD,
  VHOST_USER.GET_MAX_MEM_SLOTS,
  VHOST_USER.GET_STATUS,
]);

/** Those that come with descriptors, and REM_MEM_REG, with which some front ends send one although it means nothing. */
export const MAY_CARRY_DESCRIPTORS: ReadonlySet<number> = new Set([
  VHOST_USER.SET_MEM_TABLE,
  VHOST_USER.ADD_MEM_REG,
  VHOST_USER.REM_MEM_REG,
  VHOST_USER.SET_VRING_KICK,
  VHOST_USER.SET_VRING_CALL,
  VHOST_USER.SET_VRING_ERR,
  VHOST_USER.SET_BACKEND_REQ_FD,
  VHOST_USER.SET_INFLIGHT_FD,
]);

/** Gated by a protocol feature: its bit, and its name for the error. */
export const NEEDS_PROTOCOL_FEATURE: ReadonlyMap<number, readonly [bigint, string]> = new Map([
  [VHOST_USER.SET_BACKEND_REQ_FD, [F.BACKEND_REQ, 'BACKEND_REQ']],
  [VHOST_USER.GET_CONFIG, [F.CONFIG, 'CONFIG']],
  [VHOST_USER.SET_CONFIG, [F.CONFIG, 'CONFIG']],
  [VHOST_USER.GET_INFLIGHT_FD, [F.INFLIGHT_SHMFD, 'INFLIGHT_SHMFD']],
  [VHOST_USER.SET_INFLIGHT_FD, [F.INFLIGHT_SHMFD, 'INFLIGHT_SHMFD']],
  [VHOST_USER.RESET_DEVICE, [F.RESET_DEVICE, 'RESET_DEVICE']],
  [VHOST_USER.GET_MAX_MEM_SLOTS, [F.CONFIGURE_MEM_SLOTS, 'CONFIGURE_MEM_SLOTS']],
  [VHOST_USER.ADD_MEM_REG, [F.CONFIGURE_MEM_SLOTS, 'CONFIGURE_MEM_SLOTS']],
  [VHOST_USER.REM_MEM_REG, [F.CONFIGURE_MEM_SLOTS, 'CONFIGURE_MEM_SLOTS']],
  [VHOST_USER.SET_STATUS, [F.STATUS, 'STATUS']],
  [VHOST_USER.GET_STATUS, [F.STATUS, 'STATUS']],
]);
