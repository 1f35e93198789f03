import { bytes, le32, le64, u8 } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';
import {
  ACPI_PM_TIMER_PORT,
  ACPI_RESET_VALUE,
  ACPI_SHUTDOWN_PORT,
  type AddressRange,
  COM1_GSI,
  IOAPIC_ADDRESS,
  LAPIC_ADDRESS,
} from '../../memory/layout.ts';
import { SYSTEM_IO, littleEndian } from './aml.ts';
import { GenericAddress, OEM_ID, TableHeader, buildTable, checksumOf, fixedAscii } from './table.ts';

/** The vCPUs that the machine can have. */
export interface Processors {
  /** Of every possible vCPU, by its index. */
  readonly apicIds: readonly number[];
  /** How many of them, the first ones, are there when the guest starts. */
  readonly bootCount: number;
}

/** ACPI 6.5, 5.2.5.3 Root System Description Pointer Structure. */
export const Rsdp = struct(
  'acpi_table_rsdp',
  {
    signature: bytes(8),
    checksum: u8,
    oem_id: bytes(6),
    revision: u8,
    rsdt_physical_address: le32,
    length: le32,
    xsdt_physical_address: le64,
    extended_checksum: u8,
    reserved: bytes(3),
  },
  { packed: true },
);

const RSDP_REVISION = 2;
/** What the first checksum covers: the structure as it was in ACPI 1.0. */
const RSDP_OLD_SIZE = 20;

export function buildRsdp(xsdtAddress: number): Uint8Array {
  const rsdp = new Uint8Array(Rsdp.size);
  const view = new DataView(rsdp.buffer);
  const { set } = Rsdp;
  set.signature(view, 0, fixedAscii('RSD PTR ', 8));
  set.oem_id(view, 0, fixedAscii(OEM_ID, 6));
  set.revision(view, 0, RSDP_REVISION);
  set.length(view, 0, Rsdp.size);
  set.xsdt_physical_address(view, 0, xsdtAddress);
  set.checksum(view, 0, checksumOf(rsdp.subarray(0, RSDP_OLD_SIZE)));
  set.extended_checksum(view, 0, checksumOf(rsdp));
  return rsdp;
}

/** ACPI 6.5, 5.2.8. */
export function buildXsdt(tableAddresses: readonly number[]): Uint8Array {
  const body = tableAddresses.flatMap((address) => littleEndian(address, 8));
  return buildTable({ signature: 'XSDT', revision: 1, tableId: 'CHXSDT' }, body);
}

/** Offsets in the FADT (ACPI 6.5, 5.2.9); on hardware-reduced ACPI most of it stays zero. */
const FADT_SIZE = 276;
const FADT_IAPC_BOOT_ARCH = 109;
const FADT_FLAGS = 112;
const FADT_RESET_REG = 116;
const FADT_RESET_VALUE = 128;
const FADT_MINOR_VERSION = 131;
const FADT_X_DSDT = 140;
const FADT_X_PM_TMR_BLK = 208;
const FADT_SLEEP_CONTROL_REG = 244;
const FADT_SLEEP_STATUS_REG = 256;
const FADT_HYPERVISOR_ID = 268;

const FLAG_TMR_VAL_EXT = 1 << 8;
const FLAG_RESET_REG_SUP = 1 << 10;
const FLAG_HW_REDUCED_ACPI = 1 << 20;
/** Spares the guest a look at the addresses of a VGA adapter, which are plain memory here. */
const BOOT_ARCH_VGA_NOT_PRESENT = 1 << 2;

const ACCESS_BYTE = 1;
const ACCESS_DWORD = 3;

export function buildFadt(dsdtAddress: number): Uint8Array {
  const body = new Uint8Array(FADT_SIZE - TableHeader.size);
  const view = new DataView(body.buffer);
  const at = (offset: number): number => offset - TableHeader.size;
  view.setUint16(at(FADT_IAPC_BOOT_ARCH), BOOT_ARCH_VGA_NOT_PRESENT, true);
  view.setUint32(at(FADT_FLAGS), FLAG_HW_REDUCED_ACPI | FLAG_RESET_REG_SUP | FLAG_TMR_VAL_EXT, true);
  writeIoRegister(view, at(FADT_RESET_REG), ACPI_SHUTDOWN_PORT, ACCESS_BYTE);
  view.setUint8(at(FADT_RESET_VALUE), ACPI_RESET_VALUE);
  view.setUint8(at(FADT_MINOR_VERSION), 3);
  le64.write(view, at(FADT_X_DSDT), dsdtAddress);
  writeIoRegister(view, at(FADT_X_PM_TMR_BLK), ACPI_PM_TIMER_PORT, ACCESS_DWORD);
  writeIoRegister(view, at(FADT_SLEEP_CONTROL_REG), ACPI_SHUTDOWN_PORT, ACCESS_BYTE);
  writeIoRegister(view, at(FADT_SLEEP_STATUS_REG), ACPI_SHUTDOWN_PORT, ACCESS_BYTE);
  body.set(fixedAscii('CLOUDHYP', 8), at(FADT_HYPERVISOR_ID));
  return buildTable({ signature: 'FACP', revision: 6, tableId: 'CHFACP' }, body);
}

function writeIoRegister(view: DataView, at: number, port: number, access: typeof ACCESS_BYTE | typeof ACCESS_DWORD): void {
  GenericAddress.set.space_id(view, at, SYSTEM_IO);
  GenericAddress.set.bit_width(view, at, access === ACCESS_BYTE ? 8 : 32);
  GenericAddress.set.access_width(view, at, access);
  GenericAddress.set.address(view, at, port);
}

const MADT_IOAPIC = 1;
const MADT_INTERRUPT_OVERRIDE = 2;
const MADT_LOCAL_X2APIC = 9;
const PROCESSOR_ENABLED = 1;
const PROCESSOR_ONLINE_CAPABLE = 2;

/** ACPI 6.5, 5.2.12: every possible vCPU, one IOAPIC, and the serial port's interrupt as it is. */
export function buildMadt(processors: Processors): Uint8Array {
  const noLegacyPic = 0;
  const local = processors.apicIds.flatMap((apicId, index) => {
    const flags = PROCESSOR_ONLINE_CAPABLE | (index < processors.bootCount ? PROCESSOR_ENABLED : 0);
    return [MADT_LOCAL_X2APIC, 16, 0, 0, ...littleEndian(apicId, 4), ...littleEndian(flags, 4), ...littleEndian(index, 4)];
  });
  const ioapic = [MADT_IOAPIC, 12, 0, 0, ...littleEndian(IOAPIC_ADDRESS, 4), ...littleEndian(0, 4)];
  const serial = [MADT_INTERRUPT_OVERRIDE, 10, 0, COM1_GSI, ...littleEndian(COM1_GSI, 4), ...littleEndian(0, 2)];
  const body = [...littleEndian(LAPIC_ADDRESS, 4), ...littleEndian(noLegacyPic, 4), ...local, ...ioapic, ...serial];
  return buildTable({ signature: 'APIC', revision: 5, tableId: 'CHMADT' }, body);
}

/** PCI Firmware Specification 3.3, 4.1.2: where the configuration space of segment 0, bus 0 lies. */
export function buildMcfg(ecam: AddressRange): Uint8Array {
  const reserved = littleEndian(0, 8);
  const entry = [...littleEndian(ecam.start, 8), ...littleEndian(0, 2), 0, 0, ...littleEndian(0, 4)];
  return buildTable({ signature: 'MCFG', revision: 1, tableId: 'CHMCFG' }, [...reserved, ...entry]);
}
