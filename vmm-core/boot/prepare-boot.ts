import type { PlatformConfig } from '#shared/config/vm-config.ts';
import { assert } from '#shared/lang/assert.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import {
  type AddressRange,
  COMMAND_LINE_ADDRESS,
  COMMAND_LINE_CAPACITY,
  EBDA_ADDRESS,
  EBDA_POINTER_ADDRESS,
  HIGH_RAM_ADDRESS,
  SMBIOS_ADDRESS,
  ZERO_PAGE_ADDRESS,
} from '../memory/layout.ts';
import type { MemoryMap } from '../memory/map.ts';
import { littleEndian } from './acpi/aml.ts';
import { type Processors, buildAcpi } from './acpi/index.ts';
import type { BootError, ImageFault, ImageName } from './boot-error.ts';
import { buildZeroPage } from './boot-params.ts';
import type { GuestRam } from './guest-writer.ts';
import { type BootFile, ImageFile } from './image-file.ts';
import {
  type InitialRegisters,
  type InitialSystemRegisters,
  bootDescriptorTables,
  initialRegisters,
  initialSystemRegisters,
} from './initial-state.ts';
import { placeInitramfs } from './initramfs.ts';
import { type KernelImage, loadKernel, parseKernel } from './kernel-image.ts';
import { buildMpTable } from './mp-table.ts';
import { type GuestBytes, buildPvhStart } from './pvh-start-info.ts';
import { buildSmbios } from './smbios.ts';

export interface BootOptions {
  readonly map: MemoryMap;
  readonly payload: BootPayload;
  readonly processors: Processors;
  /** Whether there is a serial port at COM1's address. */
  readonly hasSerial: boolean;
  readonly identity: PlatformConfig;
}

/** Firmware is loaded as a kernel is, and boots from a disk what it finds there. The caller closes the files. */
export type BootPayload =
  | { readonly kind: 'kernel'; readonly kernel: BootFile; readonly initramfs?: BootFile; readonly commandLine: string }
  | { readonly kind: 'firmware'; readonly firmware: BootFile };

/** How the boot processor starts in memory that is ready for it. JSON-able. */
export interface BootState {
  readonly protocol: KernelImage['protocol'];
  readonly entry: number;
  readonly registers: InitialRegisters;
  readonly systemRegisters: InitialSystemRegisters;
  readonly rsdpAddress: number;
  readonly kernel: readonly AddressRange[];
  readonly initramfs: AddressRange | undefined;
}

/** Fills fresh guest memory with everything one VM starts from; answers the first registers. */
export function prepareBoot(options: BootOptions, ram: GuestRam): Result<BootState, BootError> {
  const loaded = loadPayload(options.payload, ram);
  if (!loaded.ok) return loaded;
  const smbios = buildSmbios(options.identity);
  if (!smbios.ok) return smbios;
  const { map, processors, hasSerial } = options;
  const acpi = buildAcpi({ ...map, processors, hasSerial });
  const { kernel, initramfs, commandLine } = loaded.value;
  const start = { initramfs, rsdpAddress: acpi.rsdpAddress, e820: map.e820 };
  const boot =
    kernel.protocol === 'pvh' ? buildPvhStart(start) : [{ address: ZERO_PAGE_ADDRESS, bytes: buildZeroPage({ ...start, kernel }) }];
  const pieces: readonly GuestBytes[] = [
    { address: EBDA_POINTER_ADDRESS, bytes: Uint8Array.from(littleEndian(EBDA_ADDRESS / 16, 2)) },
    ...bootDescriptorTables(),
    ...boot,
    { address: COMMAND_LINE_ADDRESS, bytes: commandLine },
    { address: acpi.rsdpAddress, bytes: acpi.bytes },
    ...placeFirmwareTables(smbios.value, processors),
  ];
  for (const { address, bytes } of pieces) assert(ram.write(address, bytes), `no guest memory for ${bytes.length} bytes at ${address}`);
  return ok({
    protocol: kernel.protocol,
    entry: kernel.entry,
    registers: initialRegisters(kernel.protocol, kernel.entry),
    systemRegisters: initialSystemRegisters(),
    rsdpAddress: acpi.rsdpAddress,
    kernel: kernel.segments.map(({ start: first, size }) => ({ start: first, size })),
    initramfs,
  });
}

interface LoadedPayload {
  readonly kernel: KernelImage;
  readonly initramfs: AddressRange | undefined;
  /** With its NUL. */
  readonly commandLine: Uint8Array;
}

function loadPayload(payload: BootPayload, ram: GuestRam): Result<LoadedPayload, BootError> {
  if (payload.kind === 'firmware') {
    const kernel = loadImage('firmware', payload.firmware, ram);
    return kernel.ok ? ok({ kernel: kernel.value, initramfs: undefined, commandLine: Uint8Array.of(0) }) : kernel;
  }
  const kernel = loadImage('kernel', payload.kernel, ram);
  if (!kernel.ok) return kernel;
  const commandLine = encodeCommandLine(payload.commandLine, kernel.value);
  if (!commandLine.ok) return commandLine;
  if (payload.initramfs === undefined) return ok({ kernel: kernel.value, initramfs: undefined, commandLine: commandLine.value });
  const initramfs = loadInitramfs(payload.initramfs, kernel.value, ram);
  return initramfs.ok ? ok({ kernel: kernel.value, initramfs: initramfs.value, commandLine: commandLine.value }) : initramfs;
}

function loadImage(role: 'kernel' | 'firmware', { fd, path }: BootFile, ram: GuestRam): Result<KernelImage, BootError> {
  const image = { role, path };
  const file = ImageFile.inspect(fd);
  if (!file.ok) return faulty(image, file.error);
  const kernel = parseKernel(file.value, ram.ranges);
  if (!kernel.ok) return faulty(image, kernel.error);
  const loaded = loadKernel(file.value, kernel.value, ram);
  return loaded.ok ? kernel : faulty(image, loaded.error);
}

function loadInitramfs({ fd, path }: BootFile, kernel: KernelImage, ram: GuestRam): Result<AddressRange, BootError> {
  const image = { role: 'initramfs', path } as const;
  const file = ImageFile.inspect(fd);
  if (!file.ok) return faulty(image, file.error);
  const [first] = ram.ranges;
  assert(first !== undefined, 'the guest has no memory');
  const place = placeInitramfs(file.value.size, kernel, first);
  if (!place.ok) return faulty(image, place.error);
  const { start, size } = place.value;
  const loaded = file.value.loadInto(ram, 'initramfs', { fileOffset: 0, length: size, address: start });
  return loaded.ok ? place : faulty(image, loaded.error);
}

function encodeCommandLine(text: string, kernel: KernelImage): Result<Uint8Array, BootError> {
  const nul = text.indexOf('\0');
  if (nul !== -1) return err({ code: 'COMMAND_LINE_HAS_NUL', at: nul });
  const bytes = new TextEncoder().encode(`${text}\0`);
  const most = kernel.protocol === 'linux32' ? kernel.commandLineMost : COMMAND_LINE_CAPACITY - 1;
  return bytes.length - 1 > most ? err({ code: 'COMMAND_LINE_TOO_LONG', length: bytes.length - 1, most }) : ok(bytes);
}

/** The MP table comes on the next multiple of 16 after SMBIOS, where both end below 1 MiB. */
function placeFirmwareTables(smbios: Uint8Array, processors: Processors): readonly GuestBytes[] {
  const tables = [{ address: SMBIOS_ADDRESS, bytes: smbios }];
  const address = Math.ceil((SMBIOS_ADDRESS + smbios.length) / 16) * 16;
  const mpTable = buildMpTable(processors, address);
  if (mpTable === undefined || address + mpTable.length > HIGH_RAM_ADDRESS) return tables;
  return [...tables, { address, bytes: mpTable }];
}

function faulty(image: ImageName, fault: ImageFault): Result<never, BootError> {
  return err({ image, ...fault });
}
