export { type Processors } from './acpi/index.ts';
export { type BootError, describeBootError } from './boot-error.ts';
export { type GuestRam, type GuestWindow, GuestWindows, type LoadError, type LoadRequest } from './guest-writer.ts';
export { type BootFile } from './image-file.ts';
export { type InitialRegisters, type InitialSegment, type InitialSystemRegisters } from './initial-state.ts';
export { type BootOptions, type BootPayload, type BootState, prepareBoot } from './prepare-boot.ts';
