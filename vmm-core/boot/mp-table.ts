import { IOAPIC_ADDRESS, LAPIC_ADDRESS } from '../memory/layout.ts';
import { littleEndian } from './acpi/aml.ts';
import { type Processors } from './acpi/index.ts';
import { checksumOf, fixedAscii } from './acpi/table.ts';

/**
 * The Intel MultiProcessor Specification 1.4's table: for guests that know no ACPI, or are told to ignore it. It cannot name
 * an APIC above 253.
 */

const HIGHEST_APIC_ID = 253;
const POINTER_SIZE = 16;
const HEADER_SIZE = 44;
const SPECIFICATION_1_4 = 4;
const IOAPIC_ID = 255;
const APIC_VERSION = 0x14;
const ISA_IRQ_COUNT = 16;

/** Entry types (section 4.3). */
const PROCESSOR = 0;
const BUS = 1;
const IOAPIC = 2;
const IO_INTERRUPT = 3;
const LOCAL_INTERRUPT = 4;

const ENABLED = 1;
const BOOT_PROCESSOR = 2;
/** Family 6; an FPU and a local APIC. */
const SIGNATURE = 0x600;
const FEATURES = 0x201;

const INT = 0;
const NMI = 1;
const EXT_INT = 3;
const EVERY_APIC = 0xff;

/** The floating pointer and the table after it, for `address` (a multiple of 16); undefined where no table can say it. */
export function buildMpTable(processors: Processors, address: number): Uint8Array | undefined {
  if (Math.max(...processors.apicIds) > HIGHEST_APIC_ID) return undefined;
  return Uint8Array.from([...floatingPointer(address + POINTER_SIZE), ...configurationTable(processors)]);
}

/** Section 4.1. */
function floatingPointer(tableAddress: number): Uint8Array {
  const pointer = new Uint8Array(POINTER_SIZE);
  pointer.set(fixedAscii('_MP_', 4));
  pointer.set([...littleEndian(tableAddress, 4), POINTER_SIZE / 16, SPECIFICATION_1_4], 4);
  pointer[10] = checksumOf(pointer);
  return pointer;
}

/** Section 4.2. */
function configurationTable(processors: Processors): Uint8Array {
  const entries = listEntries(processors);
  const table = new Uint8Array(HEADER_SIZE + entries.reduce((sum, entry) => sum + entry.length, 0));
  table.set(fixedAscii('PCMP', 4));
  table.set([...littleEndian(table.length, 2), SPECIFICATION_1_4], 4);
  table.set(fixedAscii('FC', 8), 8);
  table.set(fixedAscii('000000000000', 12), 16);
  table.set(littleEndian(entries.length, 2), 34);
  table.set(littleEndian(LAPIC_ADDRESS, 4), 36);
  table.set(entries.flat(), HEADER_SIZE);
  table[7] = checksumOf(table);
  return table;
}

function listEntries({ apicIds, bootCount }: Processors): readonly (readonly number[])[] {
  const unused = [0, 0, 0, 0, 0, 0, 0, 0];
  const cpus = apicIds.slice(0, bootCount).map((apicId, index) => {
    const flags = index === 0 ? ENABLED | BOOT_PROCESSOR : ENABLED;
    return [PROCESSOR, apicId, APIC_VERSION, flags, ...littleEndian(SIGNATURE, 4), ...littleEndian(FEATURES, 4), ...unused];
  });
  const isa = [BUS, 0, ...fixedAscii('ISA', 6)];
  const ioapic = [IOAPIC, IOAPIC_ID, APIC_VERSION, ENABLED, ...littleEndian(IOAPIC_ADDRESS, 4)];
  const pins = Array.from({ length: ISA_IRQ_COUNT }, (_, irq) => [IO_INTERRUPT, INT, 0, 0, 0, irq, IOAPIC_ID, irq]);
  const lines = [
    [LOCAL_INTERRUPT, EXT_INT, 0, 0, 0, 0, 0, 0],
    [LOCAL_INTERRUPT, NMI, 0, 0, 0, 0, EVERY_APIC, 1],
  ];
  return [...cpus, isa, ioapic, ...pins, ...lines];
}
