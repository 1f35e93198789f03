/** `--cpus`, `--memory`, `--platform`: the machine itself. */
import { sizeText } from '../lang/printable.ts';
import type { Result } from '../lang/result.ts';
import type { ConfigError } from './config-error.ts';
import { OptionKeys } from './option-keys.ts';
import { byteSize, integer, oneOf, text, textList, toggle, uuid } from './value-types.ts';
import type { CpusConfig, MemoryConfig, PlatformConfig } from './vm-config.ts';

/** APIC ids stay below 255, the broadcast id of an xAPIC. */
export const MAX_CPUS = 254;
const MIB = 2 ** 20;
/** The smallest machine has the first MiB, with its tables, and one for a program. */
const MIN_MEMORY = 2 * MIB;
/** Guest addresses have 46 bits at most; a quarter of them is plenty. */
const MAX_MEMORY = 16 * 2 ** 40;
const DEFAULT_MEMORY = 512 * MIB;
const DEFAULT_HUGE_PAGE = 2 * MIB;
const MAX_HUGE_PAGE = 2 ** 30;

export function parseCpus(value: string): Result<CpusConfig, ConfigError> {
  const keys = new OptionKeys('--cpus', value);
  const boot = keys.value('boot', integer(1, MAX_CPUS)) ?? 1;
  const max = keys.value('max', integer(1, MAX_CPUS)) ?? boot;
  if (max < boot) keys.bad('max', String(max), `at least the ${boot} of boot`);
  if (max > boot)
    keys.fail({
      code: 'NOT_SUPPORTED_YET',
      option: '--cpus',
      key: 'max',
      value: String(max),
      instead: 'CPU hotplug is not built; leave max out',
    });
  keys.only('kvm_hyperv', toggle, false);
  keys.only('nested', toggle, true);
  keys.only('core_scheduling', oneOf('vm', 'vcpu', 'off'), 'off');
  keys.only('profile', oneOf('host'), 'host');
  keys.notYet('topology', 'max_phys_bits', 'affinity', 'features');
  return keys.finish({ boot, max });
}

export function parseMemory(value: string): Result<MemoryConfig, ConfigError> {
  const keys = new OptionKeys('--memory', value);
  const sizeBytes = keys.value('size', byteSize) ?? DEFAULT_MEMORY;
  if (sizeBytes < MIN_MEMORY || sizeBytes > MAX_MEMORY) keys.bad('size', sizeText(sizeBytes), 'a size from 2M to 16384G');
  else if (sizeBytes % MIB !== 0) keys.bad('size', String(sizeBytes), 'a whole number of MiB (a multiple of 1048576)');
  const prefault = keys.value('prefault', toggle) ?? false;
  const hugepages = keys.value('hugepages', toggle) ?? false;
  const hugePageSize = keys.value('hugepage_size', byteSize);
  if (hugePageSize !== undefined && !hugepages) {
    keys.fail({ code: 'CONFLICT', first: '--memory hugepage_size', second: 'hugepages=off', resolve: 'add hugepages=on' });
  }
  const hugePageBytes = hugepages ? (hugePageSize ?? DEFAULT_HUGE_PAGE) : undefined;
  if (hugePageBytes !== undefined) checkHugePage(keys, sizeBytes, hugePageBytes);
  // Guest memory is always shared: device processes work in it.
  keys.only('shared', toggle, true);
  keys.only('mergeable', toggle, false);
  keys.only('thp', toggle, true);
  keys.only('reserve', toggle, false);
  keys.notYet('hotplug_method', 'hotplug_size', 'hotplugged_size', 'file');
  return keys.finish({ sizeBytes, prefault, hugePageBytes });
}

function checkHugePage(keys: OptionKeys, sizeBytes: number, hugePageBytes: number): void {
  if (!Number.isInteger(Math.log2(hugePageBytes)) || hugePageBytes < DEFAULT_HUGE_PAGE || hugePageBytes > MAX_HUGE_PAGE) {
    keys.bad('hugepage_size', sizeText(hugePageBytes), 'a power of two from 2M to 1G that this machine has');
  } else if (sizeBytes % hugePageBytes !== 0) {
    keys.bad('size', sizeText(sizeBytes), `a multiple of the huge page size ${sizeText(hugePageBytes)}`);
  }
}

export function parsePlatform(value: string): Result<PlatformConfig, ConfigError> {
  const keys = new OptionKeys('--platform', value);
  const strings = {
    manufacturer: keys.value('system_manufacturer', text),
    productName: keys.value('system_product_name', text),
    version: keys.value('system_version', text),
    serialNumber: aliased(keys, 'system_serial_number', 'serial_number', text),
    uuid: aliased(keys, 'system_uuid', 'uuid', uuid),
    skuNumber: keys.value('system_sku_number', text),
    family: keys.value('system_family', text),
    chassisAssetTag: keys.value('chassis_asset_tag', text),
  };
  const oemStrings = keys.value('oem_strings', textList) ?? [];
  keys.only('num_pci_segments', integer(1, 96), 1);
  keys.only('iommufd', toggle, false);
  keys.only('tdx', toggle, false);
  keys.only('sev_snp', toggle, false);
  keys.notYet('iommu_segments', 'iommu_address_width', 'iommufd_fd', 'vfio_p2p_dma');
  return keys.finish({ ...withoutUndefined(strings), oemStrings });
}

/** A key and the older name that it still goes by. */
function aliased(keys: OptionKeys, name: string, alias: string, type: typeof text): string | undefined {
  const value = keys.value(name, type);
  const old = keys.value(alias, type);
  if (value !== undefined && old !== undefined) {
    keys.fail({ code: 'CONFLICT', first: `--platform ${name}`, second: alias, resolve: `they are one setting: keep ${name}` });
  }
  return value ?? old;
}

function withoutUndefined(strings: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(strings).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}
