/**
 * What goes wrong between the two ends, by the fate it brings:
 *  - PayloadError and RequestError refuse one request: the asker learns of it where it wanted a reply, and the session goes
 *    on; where it wanted none, going on would leave the two ends with different ideas of the state, so the session ends;
 *  - ChannelError ends the session: the stream can no longer be cut into messages.
 */
import type { RegionError } from '../memory/index.ts';
import type { SysError } from '../sys/errno.ts';
import type { QueueError } from '../virtio/ring-config.ts';

/** The bytes themselves are wrong: what `message.ts` finds. */
export type PayloadError =
  | { readonly code: 'WRONG_SIZE'; readonly size: number; readonly expected: number }
  | { readonly code: 'RESERVED_BITS'; readonly field: string; readonly value: number }
  /** A 64-bit field past 2^53-1. */
  | { readonly code: 'VALUE_TOO_LARGE'; readonly field: string }
  | { readonly code: 'EMPTY'; readonly field: string }
  | { readonly code: 'RANGE_WRAPS'; readonly field: string }
  | { readonly code: 'TOO_MANY'; readonly field: string; readonly count: number; readonly limit: number };

/** The stream is broken. */
export type ChannelError =
  /** The peer closed in the middle of a message. */
  | { readonly code: 'TRUNCATED'; readonly received: number }
  | { readonly code: 'BAD_VERSION'; readonly version: number }
  | { readonly code: 'UNKNOWN_FLAGS'; readonly flags: number }
  | { readonly code: 'MESSAGE_TOO_LONG'; readonly size: number; readonly limit: number }
  | { readonly code: 'TOO_MANY_DESCRIPTORS' }
  /** The peer does not read what we send. */
  | { readonly code: 'PEER_NOT_READING' }
  | { readonly code: 'SYS'; readonly cause: SysError };

/** The bytes are fine, the request does not fit the session's state. */
export type RequestError =
  | PayloadError
  | RegionError
  | QueueError
  | { readonly code: 'UNKNOWN_REQUEST' }
  | { readonly code: 'NOT_NEGOTIATED'; readonly feature: string }
  | { readonly code: 'FEATURES_NOT_OFFERED'; readonly bits: bigint }
  | { readonly code: 'WRONG_DESCRIPTORS'; readonly count: number; readonly expected: number }
  /** A kick, call or error descriptor that is neither an eventfd nor a pipe, or a channel that is no socket. */
  | { readonly code: 'WRONG_DESCRIPTOR_TYPE' }
  | { readonly code: 'NO_SUCH_RING'; readonly index: number; readonly rings: number }
  | { readonly code: 'RING_RUNNING'; readonly index: number }
  /** What all rings stand on cannot change under one that runs. */
  | { readonly code: 'RINGS_RUNNING' }
  | { readonly code: 'RING_SIZE_NOT_SET'; readonly index: number }
  | { readonly code: 'BAD_RING_BASE'; readonly base: number }
  | { readonly code: 'BAD_VALUE'; readonly field: string; readonly value: number }
  | { readonly code: 'FILE_TOO_SHORT'; readonly size: number; readonly needed: number }
  | { readonly code: 'TOO_MANY_REGIONS'; readonly limit: number }
  | { readonly code: 'NO_SUCH_REGION'; readonly guestStart: number }
  /** A dirty log without bits for all of the memory. */
  | { readonly code: 'LOG_TOO_SMALL'; readonly length: number; readonly needed: number }
  | { readonly code: 'LOG_TOO_LARGE'; readonly length: number; readonly limit: number }
  | { readonly code: 'CONFIG_REFUSED'; readonly offset: number; readonly length: number }
  | { readonly code: 'SYS'; readonly cause: SysError };

/** Why a back end's session ended other than by the front end's closing it. */
export type SessionError =
  | { readonly code: 'CHANNEL'; readonly cause: ChannelError }
  /** A reply where only requests may come. */
  | { readonly code: 'UNEXPECTED_REPLY'; readonly request: number }
  /** Refused, and the front end had not asked to be told. */
  | { readonly code: 'REQUEST_REFUSED'; readonly request: number; readonly cause: RequestError };

/**
 * Why a call of the front end failed. All but REFUSED, NOT_NEGOTIATED, TOO_MANY_REGIONS and STATE_TRANSFER mean that the session is lost.
 */
export type FrontendError =
  /** The back end said no; `status` is what it answered. */
  | { readonly code: 'REFUSED'; readonly request: number; readonly status: bigint }
  | { readonly code: 'NOT_NEGOTIATED'; readonly feature: string }
  | { readonly code: 'TOO_MANY_REGIONS'; readonly regions: number; readonly limit: number }
  /** The pipe of a device's state; the back end did not send, or take, all of it. */
  | { readonly code: 'STATE_TRANSFER'; readonly problem: 'no pipe' | 'too long' | 'timed out' | 'broken' }
  | { readonly code: 'CHANNEL'; readonly cause: ChannelError }
  | { readonly code: 'PEER_CLOSED' }
  | { readonly code: 'TIMEOUT'; readonly request: number; readonly afterMs: number }
  /** A reply to a question that was not asked, or a message that is no reply. */
  | { readonly code: 'UNEXPECTED_MESSAGE'; readonly request: number; readonly expected: number | undefined }
  | { readonly code: 'BAD_REPLY'; readonly request: number; readonly cause: PayloadError }
  | { readonly code: 'WRONG_DESCRIPTORS'; readonly request: number; readonly count: number; readonly expected: number }
  /** A reply whose contents contradict the question: another ring, another range of config space, an impossible base. */
  | { readonly code: 'WRONG_ANSWER'; readonly request: number; readonly field: string }
  /** Over the back end's own channel, a request that was not negotiated. */
  | { readonly code: 'UNEXPECTED_BACKEND_REQUEST'; readonly request: number }
  /** We closed it. */
  | { readonly code: 'CLOSED' };
