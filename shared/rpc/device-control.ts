/** What a device program has to be able to do for its server of ch.device.v1: plain values, whatever thread does the work. */
import type { RateLimits } from '../config/rate-limits.ts';
import type { Result } from '../lang/result.ts';
import type { Problem } from './problem.ts';

/** What stays as it is for the life of the process. */
export interface DeviceIdentity {
  /** The device's name in its machine; empty where it was started by hand. */
  readonly id: string;
  readonly kind: string;
  readonly programVersion: string;
  readonly features: readonly string[];
  /** Of the last change that clients know of; undefined: none yet. */
  readonly generation?: number;
  readonly imagePath: string;
  readonly imageType: string;
  readonly readOnly: boolean;
}

export interface DeviceState {
  /** Bytes that the guest sees. */
  readonly size: number;
  readonly hasFrontEnd: boolean;
  readonly queues: readonly {
    readonly index: number;
    readonly size: number;
    readonly enabled: boolean;
    readonly inFlight: number;
    readonly fault: string | undefined;
  }[];
  readonly isDrained: boolean;
  readonly limits: RateLimits;
  /** Whose limits they are; empty: the device's own. */
  readonly limitsGroup: string;
  /** What does its requests. */
  readonly engine: 'io_uring' | 'threads';
  /** A write is done when it would survive a loss of power. */
  readonly writesThrough: boolean;
}

export interface DeviceStatistics {
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  readonly ringFaults: number;
  readonly droppedChains: number;
  readonly throttledEvents: number;
  readonly throttledUs: number;
  readonly operations: readonly {
    readonly name: 'read' | 'write' | 'flush' | 'discard' | 'write-zeroes' | 'other';
    readonly requests: number;
    readonly bytes: number;
    readonly errors: number;
    readonly sumUs: number;
    readonly buckets: readonly { readonly upToUs: number; readonly count: number }[];
  }[];
}

export type StateOrProblem = Promise<Result<DeviceState, Problem>>;

/** Who goes on in the place of a device's process. */
export type Successor =
  /** Started by the launcher; an empty path: the same program. */
  | { readonly kind: 'program'; readonly path: string }
  /** Waits there; started by whoever started this one. */
  | { readonly kind: 'socket'; readonly path: string };

/** Each answers the state that it leaves; where the thread that serves the guest does not answer, a problem. */
export interface DeviceControl {
  readonly identity: DeviceIdentity;
  describe(): StateOrProblem;
  /** Asks nobody. */
  statistics(): DeviceStatistics;
  setLimits(limits: RateLimits): StateOrProblem;
  /** `size` is a multiple of 512; 0: as large as the host's block device is. */
  resize(size: number, allowShrink: boolean): StateOrProblem;
  drain(deadlineMs: number): StateOrProblem;
  resume(): StateOrProblem;
  /**
   * Answers the process that serves when it does; this one has nothing to do any more then but to answer, and to `end`. `generation`
   * is the one that its clients know.
   */
  upgrade(successor: Successor, generation: number): Promise<Result<{ readonly pid: number }, Problem>>;
  end(): void;
}
