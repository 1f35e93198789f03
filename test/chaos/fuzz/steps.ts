/** What the fuzzer does, one thing after the other, as JSON: a repro file is a list of these. */

/** Descriptors that go with messages, by what they are. */
export const FD_NAMES = [
  ...['guest', 'bystander', 'short', 'loose', 'hostile', 'inflight', 'log', 'state', 'saved'],
  ...['event', 'blocking', 'pipe', 'socket', 'backend', 'file', 'folder', 'null'],
  ...['kick0', 'kick1', 'kick2', 'call0', 'call1', 'call2', 'err0', 'err1', 'err2'],
] as const;
export type FdName = (typeof FD_NAMES)[number];

/** What an acknowledged message makes true of a ring, or of all: what the fuzzer may count on afterwards. */
export type Meaning =
  | ('features' | 'protocol' | 'memory' | 'reset')
  | ('size' | 'addresses' | 'base' | 'error' | 'call' | 'silent' | 'kick' | 'enabled' | 'disabled' | 'stopped');

export type Step =
  | { readonly do: 'connect' }
  /** Zeros for a ring's memory, and nothing offered in it. */
  | { readonly do: 'fresh'; readonly ring: number; readonly size: number }
  | {
      readonly do: 'message';
      readonly request: number;
      /** Hexadecimal. */
      readonly payload: string;
      readonly fds?: readonly FdName[];
      readonly flags?: number;
      readonly means?: Meaning;
      readonly ring?: number;
      /** The rings can no longer be held to anything. */
      readonly spoils?: true;
      /** Not waited for. */
      readonly hurried?: true;
    }
  /** SET_VRING_BASE with what GET_VRING_BASE answered last. */
  | { readonly do: 'base'; readonly ring: number }
  /** Bytes on the socket that need not be a message; the connection is good for nothing more. */
  | { readonly do: 'raw'; readonly bytes: string; readonly fds?: readonly FdName[] }
  /** Guest memory, by the offset in its file. */
  | { readonly do: 'write'; readonly at: number; readonly bytes: string; readonly spoils?: true }
  | { readonly do: 'offer'; readonly ring: number; readonly head: number }
  /** A word of the available ring. */
  | { readonly do: 'word'; readonly ring: number; readonly at: number; readonly value: number; readonly spoils?: true }
  | { readonly do: 'kick'; readonly ring: number }
  /** Offers a head again as soon as it has come back, and kicks where that is asked for: each may meet the device as it falls asleep. */
  | { readonly do: 'race'; readonly ring: number; readonly head: number; readonly times: number }
  | { readonly do: 'scribble'; readonly at: number; readonly bytes: string }
  /** A moment for the device, and a look at what it returned. */
  | { readonly do: 'pause' }
  /** Everything offered has to come back from the rings that are in order. */
  | { readonly do: 'settle' }
  /** A client more, who says nothing. */
  | { readonly do: 'second' };

export interface Variant {
  readonly imageType: string;
  readonly readOnly: boolean;
  readonly queueCount: number;
  readonly queueSize: number;
  /** More keys of --disk. */
  readonly keys: string;
  /** Bytes of the image's metadata are changed, from this seed: the disk may be refused, or serve errors. */
  readonly damage?: number;
}

export interface Repro {
  readonly seed: number;
  readonly variant: Variant;
  readonly failure: string;
  /** Iterations that the same process had lived through before, by their seeds. */
  readonly before: readonly number[];
  readonly steps: readonly Step[];
}
