/**
 * Where things are in the guest: physical addresses, I/O ports and interrupts of the x86-64 machine. They are the ones of
 * Cloud Hypervisor, so that firmware made for it, and saved machines, find what they expect. Addresses and sizes in bytes.
 */

export const KIB = 0x400;
export const MIB = 0x10_0000;
export const GIB = 0x4000_0000;
export const PAGE_SIZE = 0x1000;

/** An interval of guest-physical addresses: [start, start + size). */
export interface AddressRange {
  readonly start: number;
  readonly size: number;
}

// Below 1 MiB: what the boot processor finds at its first instruction.
export const EBDA_POINTER_ADDRESS = 0x40e;
export const BOOT_GDT_ADDRESS = 0x500;
export const BOOT_IDT_ADDRESS = 0x520;
export const PVH_START_INFO_ADDRESS = 0x6000;
export const PVH_MODULE_LIST_ADDRESS = 0x6040;
/** The two boot protocols share this page: each has a map of memory here, the Linux one inside its zero page. */
export const PVH_MEMORY_MAP_ADDRESS = 0x7000;
export const ZERO_PAGE_ADDRESS = 0x7000;
export const BOOT_STACK_POINTER = 0x8ff0;
export const COMMAND_LINE_ADDRESS = 0x2_0000;
export const COMMAND_LINE_CAPACITY = 0x1_0000;
/** The end of conventional memory; the RSDP and every ACPI table follow. */
export const EBDA_ADDRESS = 0xa_0000;
export const SMBIOS_ADDRESS = 0xf_0000;
export const HIGH_RAM_ADDRESS = 0x10_0000;

// The 32-bit hole: no RAM between 3 GiB and 4 GiB.
export const LOW_RAM_END = 0xc000_0000;
export const PCI_WINDOW_32: AddressRange = { start: 0xc000_0000, size: 640 * MIB };
/** One MiB of it for each PCI segment; all of it is reserved, whatever the number of segments. */
export const PCI_ECAM: AddressRange = { start: 0xe800_0000, size: 256 * MIB };
export const PCI_ECAM_SEGMENT_SIZE = MIB;
export const KVM_TSS_ADDRESS = 0xf800_0000;
export const KVM_TSS_SIZE = 3 * PAGE_SIZE;
export const KVM_IDENTITY_MAP_ADDRESS = KVM_TSS_ADDRESS + KVM_TSS_SIZE;
export const IOAPIC_ADDRESS = 0xfec0_0000;
export const IOAPIC_SIZE = 0x20;
export const LAPIC_ADDRESS = 0xfee0_0000;

export const HIGH_RAM_ABOVE_4G_ADDRESS = 0x1_0000_0000;

// The end of the address space: the last 64 KiB are never used, the platform's registers are below them.
export const PLATFORM_TOP_GAP = 64 * KIB;
export const PLATFORM_AREA_SIZE = MIB;
/** Register blocks of the platform area are this far apart, whatever their size. */
export const PLATFORM_BLOCK_SIZE = PAGE_SIZE;

// I/O ports.
export const I8042_PORT = 0x61;
export const I8042_PORT_COUNT = 4;
export const CMOS_PORT = 0x70;
export const CMOS_PORT_COUNT = 2;
export const DEBUG_PORT = 0x80;
export const DEBUG_CONSOLE_PORT = 0xe9;
export const COM1_PORT = 0x3f8;
export const COM1_PORT_COUNT = 8;
/** Sleep control, sleep status and reset in one byte; eight ports are set aside for it. */
export const ACPI_SHUTDOWN_PORT = 0x600;
export const ACPI_PM_TIMER_PORT = 0x608;
export const PCI_CONFIG_PORT = 0xcf8;
export const PCI_CONFIG_PORT_COUNT = 8;
export const IO_PORT_END = 0x1_0000;

/** What a guest writes to ACPI_SHUTDOWN_PORT. The second is SLP_TYP 5 with SLP_EN (ACPI 6.5, 4.8.3.7). */
export const ACPI_RESET_VALUE = 1;
export const ACPI_S5_SLEEP_TYPE = 5;
export const ACPI_S5_VALUE = (ACPI_S5_SLEEP_TYPE << 2) | (1 << 5);

// Interrupts (global system interrupts; the first 24 are IOAPIC pins).
export const IOAPIC_PIN_COUNT = 24;
export const COM1_GSI = 4;
export const PCI_INTX_FIRST_GSI = 5;
export const PCI_INTX_GSI_COUNT = 8;
export const GED_GSI = 13;
export const MSI_FIRST_GSI = 24;
export const MSI_LAST_GSI = 4095;

/** Bits of the one-byte GED register; reading it clears it. The first three are hot plug's. */
export const GED_CPU_CHANGED = 1;
export const GED_MEMORY_CHANGED = 2;
export const GED_PCI_CHANGED = 4;
export const GED_POWER_BUTTON = 8;
