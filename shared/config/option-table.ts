/** Every option there is, by name without its dashes: what the command line knows, and how it may be given. */

export interface OptionSpec {
  /** What its value looks like in the help; undefined: a flag. */
  readonly value?: string;
  /** May be given several times, and take several values at once. */
  readonly repeats?: true;
  /** Known from Cloud Hypervisor, part not built yet: refused by name. */
  readonly notYet?: true;
  /** One line for the help; options without one are not shown there. */
  readonly help?: string;
}

export const OPTIONS = {
  kernel: { value: 'PATH', help: 'kernel to boot: bzImage, or ELF vmlinux with a PVH note' },
  firmware: { value: 'PATH', help: 'firmware to boot instead of a kernel' },
  initramfs: { value: 'PATH', help: 'initial RAM disk for the kernel' },
  cmdline: { value: 'TEXT', help: 'kernel command line' },
  cpus: { value: 'boot=N', help: 'virtual CPUs' },
  memory: { value: 'size=SIZE', help: 'guest memory; also prefault=on, hugepages=on, hugepage_size=SIZE' },
  disk: {
    value: 'path=PATH',
    repeats: true,
    help: 'a disk; its keys are below',
  },
  'rate-limit-group': {
    value: 'id=NAME',
    repeats: true,
    help: 'limits that several disks share, by rate_limit_group=NAME; bw_size=SIZE, bw_refill_time=MS, ops_size=N, ...',
  },
  serial: { value: 'MODE', help: 'serial port: off, null, tty, pty, file=PATH or socket=PATH' },
  console: { value: 'MODE', help: 'virtio console (hvc0): the same modes' },
  rng: { value: 'src=PATH', help: "source of the guest's random numbers" },
  platform: { value: 'KEYS', help: 'SMBIOS strings: system_uuid=, system_serial_number=, oem_strings=[...], ...' },
  'no-reboot': { help: "stop at the guest's first triple fault instead of resetting it" },
  'stop-timeout': { value: 'SECONDS', help: 'how long SIGTERM and Ctrl-A x give the guest to power off: 10' },
  'slow-kvm': { help: 'boot even where /dev/kvm emulates every instruction' },
  verbose: {
    help: "say more: -v the steps of the start, the counts of exits, and what the processes say; -vv also the guest's writes to port 0x80",
  },
  help: { help: 'this text' },
  version: {},
  'api-socket': { value: '', notYet: true },
  balloon: { value: '', notYet: true },
  'dbus-object-path': { value: '', notYet: true },
  'dbus-service-name': { value: '', notYet: true },
  'dbus-system-bus': { notYet: true },
  'debug-console': { value: '', notYet: true },
  device: { value: '', repeats: true, notYet: true },
  'event-monitor': { value: '', notYet: true },
  fs: { value: '', repeats: true, notYet: true },
  'fw-cfg-config': { value: '', notYet: true },
  gdb: { value: '', notYet: true },
  'generic-vhost-user': { value: '', repeats: true, notYet: true },
  'host-data': { value: '', notYet: true },
  igvm: { value: '', notYet: true },
  ivshmem: { value: '', notYet: true },
  landlock: { notYet: true },
  'landlock-rules': { value: '', repeats: true, notYet: true },
  'log-file': { value: '', notYet: true },
  'log-format': { value: '', notYet: true },
  'memory-zone': { value: '', repeats: true, notYet: true },
  net: { value: '', repeats: true, notYet: true },
  'no-shutdown': { notYet: true },
  numa: { value: '', repeats: true, notYet: true },
  'pci-segment': { value: '', repeats: true, notYet: true },
  pmem: { value: '', repeats: true, notYet: true },
  pvmemcontrol: { notYet: true },
  pvpanic: { notYet: true },
  restore: { value: '', notYet: true },
  rtc: { value: '', notYet: true },
  seccomp: { value: '', notYet: true },
  tpm: { value: '', notYet: true },
  'user-device': { value: '', repeats: true, notYet: true },
  vdpa: { value: '', repeats: true, notYet: true },
  vsock: { value: '', notYet: true },
  watchdog: { notYet: true },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export type OptionName = keyof typeof OPTIONS;

/** The spec of a name from outside, if there is such an option. */
export function optionSpec(name: string): OptionSpec | undefined {
  return Object.hasOwn(OPTIONS, name) ? specs[name] : undefined;
}

const specs: Readonly<Record<string, OptionSpec>> = OPTIONS;

/** The options that can be offered instead of a misspelled one, with their dashes. */
export function builtOptions(): readonly string[] {
  return Object.keys(OPTIONS)
    .filter((name) => specs[name]?.notYet !== true)
    .map((name) => `--${name}`);
}
