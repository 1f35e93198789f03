import { accessSync, constants, readFileSync } from 'node:fs';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { ensurePackages } from '../packages/install.ts';
import { Host } from './host.ts';
import { Lab } from './lab.ts';
import type { Place } from './place.ts';

/**
 * The lab's Linux has one processor. With two, where a vCPU's thread moves from one to the other, QEMU's software SVM loses registers of
 * the guest or of that Linux itself: guests met triple faults in five of five runs of a busy shell, and its kernel panicked; with one, in none.
 */
const CPUS = 1;

export interface Hypervisor {
  readonly kind: Place['kind'];
  /** One line: where virtual machines run, and why there. */
  readonly reason: string;
}

/** This machine's KVM where its CPU virtualizes, else the lab. CH_PLACE=host|lab decides otherwise. */
export function chooseHypervisor(): Hypervisor {
  const asked = process.env['CH_PLACE'];
  if (asked === 'host' || asked === 'lab') return { kind: asked, reason: `${nameOf(asked)}, because CH_PLACE=${asked} says so` };
  const flag = virtualizationFlag();
  if (flag === undefined) return { kind: 'lab', reason: `${nameOf('lab')}: this CPU offers no virtualization (no vmx or svm flag)` };
  if (!isUsable('/dev/kvm'))
    return { kind: 'lab', reason: `${nameOf('lab')}: the CPU has ${flag}, but /dev/kvm is missing or not permitted` };
  return { kind: 'host', reason: `${nameOf('host')}: the CPU has ${flag}` };
}

export interface PlaceNeeds {
  /** Memory of the lab's machine; the host has what it has. */
  readonly memoryMiB?: number;
  readonly report: (line: string) => void;
  /**
   * Gives the lab up while it comes up. With it the lab is left alone by a Ctrl-C at our terminal: whoever gives this hands signals on.
   */
  readonly giveUp?: AbortSignal;
}

/** Makes the chosen place ready, with the packages that it takes. The caller closes it. */
export async function openPlace(hypervisor: Hypervisor, needs: PlaceNeeds): Promise<Result<Place, string>> {
  if (hypervisor.kind === 'host') return ok(new Host());
  const lab = await openLab(needs);
  return lab;
}

export async function openLab({ memoryMiB = 3072, report, giveUp }: PlaceNeeds): Promise<Result<Lab, string>> {
  const packages = ensurePackages(['lab', 'images'], report);
  if (!packages.ok) return err(packages.error.message);
  const lab = await Lab.start({ cpus: CPUS, memoryMiB, giveUp }, report);
  return lab.ok ? lab : err(lab.error.message);
}

function nameOf(kind: Place['kind']): string {
  return kind === 'host' ? "this machine's /dev/kvm" : 'the lab (KVM on a software CPU)';
}

function virtualizationFlag(): 'vmx' | 'svm' | undefined {
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
  if (flags.includes('vmx')) return 'vmx';
  return flags.includes('svm') ? 'svm' : undefined;
}

function isUsable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
