import { spawnSync } from 'node:child_process';

/** What `qemu-img check` finds: 'clean', 'leaks', or what it says of errors. */
export function checked(path: string): string {
  const { status, stdout, stderr } = spawnSync('qemu-img', ['check', '-f', 'qcow2', path], { encoding: 'utf8' });
  if (status === 0) return 'clean';
  return status === 3 ? 'leaks' : `status ${status}: ${stdout}${stderr}`;
}
