/** The devices of the machines that run, as their launchers have registered them. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deviceSocket, runRoot } from './run-directory.ts';

export interface FoundDevice {
  /** Its machine's name. */
  readonly vm: string;
  readonly id: string;
  /** Of the process that serves it. */
  readonly pid: number;
  /** Where its launcher takes clients of ch.device.v1. */
  readonly socket: string;
}

/** Of this user's machines; what cannot be read is none. */
export function findDevices(root = runRoot()): readonly FoundDevice[] {
  return foldersOf(root).flatMap((name) => {
    const folder = join(root, name);
    return devicesOf(join(folder, 'vm.json')).map(({ id, pid }) => ({ vm: name, id, pid, socket: deviceSocket(folder, id) }));
  });
}

function foldersOf(root: string): readonly string[] {
  try {
    return readdirSync(root).filter((name) => {
      const pid = /^vm-(\d+)$/.exec(name)?.[1];
      return pid !== undefined && statSync(`/proc/${pid}`, { throwIfNoEntry: false }) !== undefined;
    });
  } catch {
    return [];
  }
}

/** Those in a registration. */
function devicesOf(path: string): readonly Pick<FoundDevice, 'id' | 'pid'>[] {
  try {
    const registration: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof registration !== 'object' || registration === null || !('devices' in registration)) return [];
    const { devices } = registration;
    return Array.isArray(devices) ? devices.flatMap(deviceOf) : [];
  } catch {
    return [];
  }
}

function deviceOf(device: unknown): Pick<FoundDevice, 'id' | 'pid'>[] {
  if (typeof device !== 'object' || device === null || !('id' in device) || typeof device.id !== 'string') return [];
  return [{ id: device.id, pid: 'pid' in device && typeof device.pid === 'number' ? device.pid : 0 }];
}
