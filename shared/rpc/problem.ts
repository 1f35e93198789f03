/** A request that failed, as gRPC carries it: a status, a machine-readable reason, and the field that is to blame. */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { google } from './generated/status.js';

export interface Problem {
  readonly status:
    | 'INVALID_ARGUMENT'
    | 'FAILED_PRECONDITION'
    | 'ABORTED'
    | 'DEADLINE_EXCEEDED'
    | 'UNAVAILABLE'
    | 'UNIMPLEMENTED'
    | 'INTERNAL';
  /** Capitals and underscores. */
  readonly reason: string;
  /** One line for the user. */
  readonly message: string;
  /** Path in the request. */
  readonly field?: string;
}

export const ERROR_DOMAIN = 'device.ch';
const DETAILS = 'grpc-status-details-bin';
const TYPE_PREFIX = 'type.googleapis.com/google.rpc.';
const { Status, ErrorInfo, BadRequest } = google.rpc;

/** The error that a handler answers with. */
export function serviceError(problem: Problem): Pick<ServiceError, 'code' | 'details' | 'metadata'> {
  const { reason, message, field } = problem;
  const details = [
    { type_url: `${TYPE_PREFIX}ErrorInfo`, value: ErrorInfo.encode({ reason, domain: ERROR_DOMAIN }).finish() },
    ...(field === undefined
      ? []
      : [
          {
            type_url: `${TYPE_PREFIX}BadRequest`,
            value: BadRequest.encode({ fieldViolations: [{ field, description: message }] }).finish(),
          },
        ]),
  ];
  const code = status[problem.status];
  const metadata = new Metadata();
  metadata.set(DETAILS, Buffer.from(Status.encode({ code, message, details }).finish()));
  return { code, details: message, metadata };
}

export interface CallFailure {
  /** gRPC's name of the status. */
  readonly status: string;
  /** Empty where the server did not say. */
  readonly reason: string;
  readonly message: string;
  readonly field: string | undefined;
}

/** What a server answered instead; also where it is none of ours. */
export function callFailure(error: ServiceError): CallFailure {
  const { reason, field } = readDetails(error.metadata?.get(DETAILS)[0]);
  return { status: status[error.code] ?? String(error.code), reason, message: error.details, field };
}

function readDetails(bytes: string | Buffer | undefined): { readonly reason: string; readonly field: string | undefined } {
  let reason = '';
  let field: string | undefined;
  if (!Buffer.isBuffer(bytes)) return { reason, field };
  try {
    for (const { type_url: type, value } of Status.decode(bytes).details) {
      if (value === undefined || value === null) continue;
      if (type === `${TYPE_PREFIX}ErrorInfo`) reason = ErrorInfo.decode(value).reason;
      if (type === `${TYPE_PREFIX}BadRequest`) field = BadRequest.decode(value).fieldViolations[0]?.field ?? undefined;
    }
  } catch {
    // Not what we think it is: the message says enough.
  }
  return { reason, field };
}
