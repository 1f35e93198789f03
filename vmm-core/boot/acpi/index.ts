export { type AcpiInput, type AcpiTables, buildAcpi } from './acpi-tables.ts';
export type { Processors } from './fixed-tables.ts';
