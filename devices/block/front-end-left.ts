/** Why a front end is gone, in words for whoever looks after this process. */
import { unreachable } from '#shared/lang/assert.ts';
import { ECONNRESET, EPIPE } from '#shared/sys/errno.ts';
import type { SessionOutcome } from '#shared/vhost-user/backend/index.ts';
import { requestName } from './session-words.ts';

/** One line; undefined where it has just gone, which needs no words. */
export function whyLeft(outcome: Exclude<SessionOutcome, 'open'>): string | undefined {
  if (outcome === 'closed') return undefined;
  switch (outcome.code) {
    case 'CHANNEL': {
      const { cause } = outcome;
      if (cause.code !== 'SYS') return `the connection to the front end broke (${cause.code})`;
      // So the kernel shows one that has ended with something of ours unread: a VM that was killed, for instance.
      const hasGone = cause.cause.errno === EPIPE || cause.cause.errno === ECONNRESET;
      return hasGone ? undefined : `the connection to the front end broke: ${cause.cause.message}`;
    }
    case 'UNEXPECTED_REPLY':
      return `the front end broke the vhost-user protocol: a reply to ${requestName(outcome.request)}, which nobody had asked`;
    case 'REQUEST_REFUSED':
      return `the front end asked for what cannot be, and not to be told of it: ${requestName(outcome.request)} (${outcome.cause.code})`;
    default:
      return unreachable(outcome);
  }
}
