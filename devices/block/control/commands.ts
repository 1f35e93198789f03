/**
 * What the control thread asks of the data thread. A command travels over a message port; an eventfd wakes the data thread, which
 * sleeps in the kernel and takes what is in the port by itself. The answers go back over the same port.
 */
import type { RateLimits } from '#shared/config/rate-limits.ts';
import type { Result } from '#shared/lang/result.ts';
import type { DeviceState, Successor } from '#shared/rpc/device-control.ts';
import type { Problem } from '#shared/rpc/problem.ts';

export type Order =
  | { readonly kind: 'describe' }
  | { readonly kind: 'limits'; readonly limits: RateLimits }
  /** Bytes, a multiple of 512; 0: as large as the host's block device is. */
  | { readonly kind: 'resize'; readonly size: number; readonly allowShrink: boolean }
  /** Answered when the requests under way have ended. */
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' }
  /** That command was a hold in vain: undoes it, but none of another. */
  | { readonly kind: 'abandon'; readonly hold: number }
  /** Answered when another process serves, or when none will. */
  | { readonly kind: 'upgrade'; readonly successor: Successor; readonly generation: number }
  /** Whoever was to take over takes too long. */
  | { readonly kind: 'abandon-upgrade' };

export interface Command {
  readonly id: number;
  readonly order: Order;
}

export interface CommandAnswer {
  readonly id: number;
  readonly outcome: Result<DeviceState, Problem>;
  /** The process that serves from now on. */
  readonly successor?: number;
}
