/** What went wrong with a device process, in words for the user. */
import { unreachable } from '#shared/lang/assert.ts';
import { ECONNRESET, EPIPE } from '#shared/sys/errno.ts';
import type { FrontendError } from '#shared/vhost-user/frontend/index.ts';
import { VHOST_USER } from '#shared/vhost-user/spec.ts';

/** One line, without the device's name. */
export function describeFailure(error: FrontendError): string {
  switch (error.code) {
    case 'PEER_CLOSED':
      return 'its device process has closed the connection';
    case 'TIMEOUT':
      return `its device process has not answered ${nameOf(error.request)} for ${error.afterMs / 1000} s`;
    case 'REFUSED':
      return `its device process refuses ${nameOf(error.request)}`;
    case 'CHANNEL':
      return describeChannel(error.cause);
    case 'TOO_MANY_REGIONS':
      return `its device process takes ${error.limit} regions of guest memory, this machine has ${error.regions}`;
    case 'NOT_NEGOTIATED':
      return `its device process lacks the vhost-user feature ${error.feature}`;
    case 'STATE_TRANSFER':
      return `its device process does not transfer its state (${error.problem})`;
    case 'CLOSED':
      return 'the connection to its device process is closed';
    case 'UNEXPECTED_BACKEND_REQUEST':
      return `its device process asks for what was not negotiated (request ${error.request})`;
    case 'UNEXPECTED_MESSAGE':
    case 'BAD_REPLY':
    case 'WRONG_DESCRIPTORS':
    case 'WRONG_ANSWER':
      return `its device process broke the vhost-user protocol (${error.code} to ${nameOf(error.request)})`;
    default:
      return unreachable(error);
  }
}

function describeChannel(cause: Extract<FrontendError, { code: 'CHANNEL' }>['cause']): string {
  if (cause.code !== 'SYS') return `the connection to its device process broke (${cause.code})`;
  // So a process shows that ended with something of ours unread.
  if (cause.cause.errno === EPIPE || cause.cause.errno === ECONNRESET) return describeFailure({ code: 'PEER_CLOSED' });
  return `the connection to its device process broke: ${cause.cause.message}`;
}

function nameOf(request: number): string {
  return Object.entries(VHOST_USER).find(([, number]) => number === request)?.[0] ?? `request ${request}`;
}
