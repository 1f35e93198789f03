import { assert } from '#shared/lang/assert.ts';
import { EBDA_ADDRESS, SMBIOS_ADDRESS } from '../../memory/layout.ts';
import { type DsdtInput, buildDsdt } from './dsdt.ts';
import { type Processors, Rsdp, buildFadt, buildMadt, buildMcfg, buildRsdp, buildXsdt } from './fixed-tables.ts';

export interface AcpiInput extends DsdtInput {
  readonly processors: Processors;
}

export interface AcpiTables {
  /** For `rsdpAddress` on: the RSDP, then every table. */
  readonly bytes: Uint8Array;
  readonly rsdpAddress: number;
}

/** Tables begin at multiples of this. */
const TABLE_ALIGNMENT = 8;

/** The hardware-reduced machine's description, with every pointer set for its place at the end of conventional memory. */
export function buildAcpi(input: AcpiInput): AcpiTables {
  const image = new TableImage(EBDA_ADDRESS);
  const rsdpAddress = image.reserve(Rsdp.size);
  const dsdt = image.append(buildDsdt(input));
  const tables = [buildFadt(dsdt), buildMadt(input.processors), buildMcfg(input.ecam)];
  const xsdt = image.append(buildXsdt(tables.map((table) => image.append(table))));
  image.put(rsdpAddress, buildRsdp(xsdt));
  return { bytes: image.finish(SMBIOS_ADDRESS), rsdpAddress };
}

/** Tables one after the other from a guest address on. */
class TableImage {
  readonly #start: number;
  readonly #parts: { address: number; table: Uint8Array }[] = [];
  #end: number;

  constructor(start: number) {
    this.#start = start;
    this.#end = start;
  }

  reserve(size: number): number {
    const address = Math.ceil(this.#end / TABLE_ALIGNMENT) * TABLE_ALIGNMENT;
    this.#end = address + size;
    return address;
  }

  put(address: number, table: Uint8Array): void {
    this.#parts.push({ address, table });
  }

  append(table: Uint8Array): number {
    const address = this.reserve(table.length);
    this.put(address, table);
    return address;
  }

  finish(limit: number): Uint8Array {
    assert(this.#end <= limit, `the ACPI tables end at ${this.#end}, past ${limit}`);
    const bytes = new Uint8Array(this.#end - this.#start);
    for (const { address, table } of this.#parts) bytes.set(table, address - this.#start);
    return bytes;
  }
}
