export { type FrontendAddress, type GuestAddress, frontendAddress, guestAddress } from './guest-address.ts';
export { DirtyLog, type LogPlace, MAX_LOG_SIZE, logSizeFor } from './dirty-log.ts';
export { GuestMemory, PEEK_LIMIT, WINDOW_SIZE, type WriteListener } from './guest-memory.ts';
export { type MemoryRegion, type RegionError, checkRegions } from './region.ts';
