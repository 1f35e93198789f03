import {
  ACPI_S5_SLEEP_TYPE,
  type AddressRange,
  COM1_GSI,
  COM1_PORT,
  COM1_PORT_COUNT,
  GED_GSI,
  GED_POWER_BUTTON,
  IO_PORT_END,
  PCI_CONFIG_PORT,
  PCI_CONFIG_PORT_COUNT,
  PCI_ECAM_SEGMENT_SIZE,
} from '../../memory/layout.ts';
import * as aml from './aml.ts';
import * as resource from './resource.ts';
import { buildTable } from './table.ts';

/** The devices that the guest cannot find by itself. */
export interface DsdtInput {
  readonly pciWindow32: AddressRange;
  readonly pciWindow64: AddressRange;
  readonly ecam: AddressRange;
  /** Address of the event device's one-byte register. */
  readonly gedRegister: number;
  readonly hasSerial: boolean;
}

/** ACPI 6.5, 5.2.11.1. Names of devices and methods are Cloud Hypervisor's. */
export function buildDsdt(input: DsdtInput): Uint8Array {
  const terms = [
    aml.scope('\\_SB_', pciRoot(input), motherboard(input), ...(input.hasSerial ? [serialPort()] : [])),
    aml.name('\\_S5_', aml.packageOf(aml.integer(ACPI_S5_SLEEP_TYPE), aml.integer(ACPI_S5_SLEEP_TYPE), aml.zero, aml.zero)),
    aml.scope('\\_SB_', powerButton(), eventController(input.gedRegister), eventDevice()),
  ];
  return buildTable({ signature: 'DSDT', revision: 6, tableId: 'CHDSDT' }, aml.concat(...terms));
}

function pciRoot(input: DsdtInput): aml.Aml {
  const portsAfterConfig = PCI_CONFIG_PORT + PCI_CONFIG_PORT_COUNT;
  return aml.device(
    'PC00',
    aml.name('_HID', aml.eisaId('PNP0A08')),
    aml.name('_CID', aml.eisaId('PNP0A03')),
    aml.name('_SEG', aml.zero),
    aml.name('_UID', aml.zero),
    // DMA sees the processors' caches.
    aml.name('_CCA', aml.one),
    pciDeviceSpecificMethod(),
    pciOsCapabilities(),
    aml.name(
      '_CRS',
      resource.resourceTemplate(
        resource.busNumbers(0, 0),
        resource.io(PCI_CONFIG_PORT, PCI_CONFIG_PORT_COUNT),
        resource.memory32Fixed(firstSegment(input.ecam)),
        resource.memoryWindow32(input.pciWindow32),
        resource.memoryWindow64(input.pciWindow64),
        resource.portWindow({ start: 0, size: PCI_CONFIG_PORT }),
        resource.portWindow({ start: portsAfterConfig, size: IO_PORT_END - portsAfterConfig }),
      ),
    ),
  );
}

const PCI_DSM_UUID = 'e5c937d0-3553-4d7a-9117-ea4d19c3434d';
const DSM_FUNCTIONS_0_AND_5 = 0x21;
const DSM_PRESERVE_BOOT_CONFIGURATION = 5;

/** PCI Firmware Specification 3.3, 4.6.5: function 5 answers 0, the guest keeps the BARs it finds. */
function pciDeviceSpecificMethod(): aml.Aml {
  return aml.method(
    { name: '_DSM', argumentCount: 4, serialized: false },
    aml.when(
      aml.equal(aml.argument(0), aml.uuid(PCI_DSM_UUID)),
      aml.when(aml.equal(aml.argument(2), aml.zero), aml.give(aml.buffer([DSM_FUNCTIONS_0_AND_5]))),
      aml.when(aml.equal(aml.argument(2), aml.integer(DSM_PRESERVE_BOOT_CONFIGURATION)), aml.give(aml.zero)),
    ),
    aml.give(aml.buffer([0])),
  );
}

const PCI_OSC_UUID = '33db4d5b-1ff7-401c-9657-7441c03dd766';
const OSC_UNRECOGNIZED_UUID = 4;

/** ACPI 6.5, 6.2.11.3: nothing of PCI Express is the platform's own, so the guest gets control of all it asks for. */
function pciOsCapabilities(): aml.Aml {
  return aml.method(
    { name: '_OSC', argumentCount: 4, serialized: true },
    aml.createDwordField(aml.argument(3), 0, 'CDW1'),
    aml.when(aml.equal(aml.argument(0), aml.uuid(PCI_OSC_UUID)), aml.give(aml.argument(3))),
    aml.or(aml.path('CDW1'), aml.integer(OSC_UNRECOGNIZED_UUID), aml.path('CDW1')),
    aml.give(aml.argument(3)),
  );
}

/** Guests use the memory-mapped configuration space only where something reserves it. */
function motherboard(input: DsdtInput): aml.Aml {
  return aml.device(
    'MBRD',
    aml.name('_HID', aml.eisaId('PNP0C02')),
    aml.name('_UID', aml.zero),
    aml.name('_CRS', resource.resourceTemplate(resource.memory32Fixed(firstSegment(input.ecam)))),
  );
}

function serialPort(): aml.Aml {
  return aml.device(
    'COM1',
    aml.name('_HID', aml.eisaId('PNP0501')),
    aml.name('_UID', aml.zero),
    aml.name('_DDN', aml.string('COM1')),
    aml.name('_CRS', resource.resourceTemplate(resource.edgeInterrupt(COM1_GSI), resource.io(COM1_PORT, COM1_PORT_COUNT))),
  );
}

const POWER_BUTTON_PATH = '\\_SB_.PWRB';
const POWER_BUTTON_PRESSED = 0x80;

function powerButton(): aml.Aml {
  return aml.device('PWRB', aml.name('_HID', aml.eisaId('PNP0C0C')), aml.name('_UID', aml.zero));
}

/** Reads the events' register, which clears it, and tells each bit's device. Bits 0 to 2 are set by hot plug alone. */
function eventController(register: number): aml.Aml {
  const pressed = aml.equal(aml.and(aml.local(0), aml.integer(GED_POWER_BUTTON)), aml.integer(GED_POWER_BUTTON));
  return aml.device(
    'GEC_',
    aml.name('_HID', aml.eisaId('PNP0A06')),
    aml.name('_UID', aml.string('Generic Event Controller')),
    aml.operationRegion({ name: 'GDST', space: aml.SYSTEM_MEMORY, address: register, length: 1 }),
    aml.byteField('GDST', { name: 'GDAT', bits: 8 }),
    aml.method(
      { name: 'ESCN', argumentCount: 0, serialized: true },
      aml.store(aml.path('GDAT'), aml.local(0)),
      aml.when(pressed, aml.notify(POWER_BUTTON_PATH, POWER_BUTTON_PRESSED)),
    ),
  );
}

/** ACPI 6.5, 5.6.9.4: the interrupt of the hardware-reduced machine. */
function eventDevice(): aml.Aml {
  return aml.device(
    'GED_',
    aml.name('_HID', aml.string('ACPI0013')),
    aml.name('_UID', aml.zero),
    aml.name('_CRS', resource.resourceTemplate(resource.edgeInterrupt(GED_GSI))),
    aml.method({ name: '_EVT', argumentCount: 1, serialized: true }, aml.call('\\_SB_.GEC_.ESCN')),
  );
}

function firstSegment(ecam: AddressRange): AddressRange {
  return { start: ecam.start, size: PCI_ECAM_SEGMENT_SIZE };
}
