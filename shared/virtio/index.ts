export { DescriptorChain } from './descriptor-chain.ts';
export { DEVICE_STATES, type DeviceState, type StatusError, stateOf, transition } from './device-status.ts';
export { CHAIN_FAULTS, type ChainFault, type RingFault } from './fault.ts';
export { type FeatureError, RING_FEATURES, acceptFeatures } from './features.ts';
export { InflightTable, inflightSliceSize, inflightTableSize } from './inflight-table.ts';
export { DEFAULT_BUDGET, DEFERRED, type QueueHandler, QueueLoop } from './queue-loop.ts';
export {
  type GuestRing,
  type InflightRegion,
  type QueueError,
  type RingConfig,
  type RingPart,
  checkRing,
  locateRing,
} from './ring-config.ts';
export { availableRingSize, descriptorTableSize, usedRingSize } from './ring-layout.ts';
export { IOVEC_SIZE, MAX_SEGMENTS, SegmentTable } from './segment-table.ts';
export { SplitQueue } from './split-queue.ts';
