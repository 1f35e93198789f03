import type { Brand } from '../lang/brand.ts';

/** Where the guest's CPU and its descriptors see memory. */
export type GuestAddress = Brand<number, 'GuestAddress'>;

/**
 * Where the front end process sees the same memory: what SET_VRING_ADDR and the memory table's user addresses carry.
 * A number of that process, meaningless to the guest and to us but for its offset into a region.
 */
export type FrontendAddress = Brand<number, 'FrontendAddress'>;

/** `value` as a guest address, or undefined where it is no integer from 0 to 2^53-1. */
export function guestAddress(value: number): GuestAddress | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? (value as GuestAddress) : undefined;
}

/** `value` as a front end address, or undefined where it is no integer from 0 to 2^53-1. */
export function frontendAddress(value: number): FrontendAddress | undefined {
  return Number.isSafeInteger(value) && value >= 0 ? (value as FrontendAddress) : undefined;
}
