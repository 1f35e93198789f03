/** /dev/kvm: what this host's KVM is and has, and the making of a VM. */
import { type Result, err, expect, ok } from '#shared/lang/result.ts';
import { EACCES, ENODEV, ENOENT, ENXIO, EPERM, retryInterrupted } from '#shared/sys/errno.ts';
import { allocate, cString, ioctl, ioctlStruct, syscall } from '#shared/sys/ffi.ts';
import { type Fd, OwnedFd } from '#shared/sys/owned-fd.ts';
import { SYS } from '#shared/sys/syscall-numbers.ts';
import { type CpuidEntry, readCpuidEntries } from './cpuid-entry.ts';
import { type KvmError, kvmCallError, kvmResult } from './error.ts';
import { IOCTL, KVM_API_VERSION, KVM_CAP, KvmCpuid2, KvmCpuidEntry2 } from './spec.ts';

const AT_FDCWD = -100;
const O_RDWR = 2;
const O_CLOEXEC = 0o2000000;
/** Far above what any processor reports; the kernel's own bound is 256. */
const MOST_CPUID_ENTRIES = 256;
const MOST_MSRS = 4096;

type Capability = keyof typeof KVM_CAP;

/** What the core cannot do without; all of it is in every Linux since 4.13. */
const NEEDED: readonly Capability[] = [
  'KVM_CAP_IRQCHIP',
  'KVM_CAP_USER_MEMORY',
  'KVM_CAP_SET_TSS_ADDR',
  'KVM_CAP_EXT_CPUID',
  'KVM_CAP_MP_STATE',
  'KVM_CAP_IRQ_ROUTING',
  'KVM_CAP_IRQFD',
  'KVM_CAP_IOEVENTFD',
  'KVM_CAP_SET_IDENTITY_MAP_ADDR',
  'KVM_CAP_ADJUST_CLOCK',
  'KVM_CAP_VCPU_EVENTS',
  'KVM_CAP_DEBUGREGS',
  'KVM_CAP_XSAVE',
  'KVM_CAP_GET_TSC_KHZ',
  'KVM_CAP_TSC_DEADLINE_TIMER',
  'KVM_CAP_SIGNAL_MSI',
  'KVM_CAP_SPLIT_IRQCHIP',
  'KVM_CAP_IMMEDIATE_EXIT',
];

export class Kvm implements Disposable {
  readonly #device: OwnedFd;

  private constructor(device: OwnedFd) {
    this.#device = device;
  }

  /** Opens the device and checks its version and capabilities; each failure is one line that says what to do. */
  static open(path = '/dev/kvm'): Result<Kvm, KvmError> {
    const name = cString(path);
    const fd = retryInterrupted(() => syscall(SYS.openat, AT_FDCWD, name.address, O_RDWR | O_CLOEXEC, 0));
    return fd < 0 ? err(openError(path, -fd)) : Kvm.adopt(new OwnedFd(fd));
  }

  /** Takes over a descriptor of /dev/kvm that was received; closes it where it will not do. */
  static adopt(device: OwnedFd): Result<Kvm, KvmError> {
    const problem = unusable(device.fd);
    if (problem === undefined) return ok(new Kvm(device));
    device.close();
    return err(problem);
  }

  /** KVM_CHECK_EXTENSION: 0 where the capability is absent; a number above 0 may be a count or a size. */
  capability(name: Capability): number {
    return Math.max(0, ioctl(this.#device.fd, IOCTL.KVM_CHECK_EXTENSION, KVM_CAP[name]));
  }

  /** Bytes of the page range that a vCPU shares with us, struct kvm_run first. */
  get runSize(): number {
    return expect(kvmResult('KVM_GET_VCPU_MMAP_SIZE', ioctl(this.#device.fd, IOCTL.KVM_GET_VCPU_MMAP_SIZE, 0)), 'kvm');
  }

  createVm(): Result<OwnedFd, KvmError> {
    // Creating a VM is interrupted by signals while it waits for other processors.
    const fd = retryInterrupted(() => ioctl(this.#device.fd, IOCTL.KVM_CREATE_VM, 0));
    return fd < 0 ? err(kvmCallError('KVM_CREATE_VM', -fd)) : ok(new OwnedFd(fd));
  }

  /** The CPUID leaves that this host and its KVM can give to a guest, before any choice of ours. */
  supportedCpuid(): Result<CpuidEntry[], KvmError> {
    const buffer = allocate(KvmCpuid2.size + MOST_CPUID_ENTRIES * KvmCpuidEntry2.size);
    KvmCpuid2.set.nent(buffer.view, 0, MOST_CPUID_ENTRIES);
    const result = ioctlStruct(this.#device.fd, IOCTL.KVM_GET_SUPPORTED_CPUID, buffer);
    return result < 0 ? err(kvmCallError('KVM_GET_SUPPORTED_CPUID', -result)) : ok(readCpuidEntries(buffer.view));
  }

  /** The MSRs that hold guest state on this host. */
  msrIndices(): Result<number[], KvmError> {
    const list = allocate(4 + MOST_MSRS * 4);
    list.view.setUint32(0, MOST_MSRS, true);
    const result = ioctlStruct(this.#device.fd, IOCTL.KVM_GET_MSR_INDEX_LIST, list);
    if (result < 0) return err(kvmCallError('KVM_GET_MSR_INDEX_LIST', -result));
    return ok(Array.from({ length: list.view.getUint32(0, true) }, (_, index) => list.view.getUint32(4 + index * 4, true)));
  }

  close(): void {
    this.#device.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function openError(path: string, errno: number): KvmError {
  if (errno === EACCES || errno === EPERM) {
    return {
      code: 'KVM_PERMISSION',
      path,
      message: `no permission to open ${path}: run as root, or add your user to its group (sudo usermod -aG kvm $USER) and log in again`,
    };
  }
  if (errno === ENOENT || errno === ENODEV || errno === ENXIO) {
    return {
      code: 'KVM_MISSING',
      path,
      message: `${path} is not there: load kvm_intel or kvm_amd (modprobe), or turn virtualization on in the firmware or the outer hypervisor`,
    };
  }
  return kvmCallError(`open ${path}`, errno);
}

function unusable(fd: Fd): KvmError | undefined {
  const version = ioctl(fd, IOCTL.KVM_GET_API_VERSION, 0);
  if (version !== KVM_API_VERSION) {
    const found = version < 0 ? 'is no KVM device' : `has KVM API version ${version}, not ${KVM_API_VERSION}`;
    return { code: 'KVM_VERSION', version, message: `/dev/kvm ${found}: this needs a Linux kernel with KVM` };
  }
  const capability = NEEDED.find((name) => ioctl(fd, IOCTL.KVM_CHECK_EXTENSION, KVM_CAP[name]) <= 0);
  if (capability === undefined) return undefined;
  return { code: 'KVM_CAPABILITY', capability, message: `this kernel's KVM lacks ${capability}: use Linux 4.13 or newer` };
}
