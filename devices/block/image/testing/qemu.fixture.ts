/** QEMU's tools as the other reader and writer of images. */
import { spawnSync } from 'node:child_process';

export const hasQemu = spawnSync('qemu-img', ['--version']).status === 0;

/** What it printed; throws with what it complained of where it fails. */
export function qemuImg(...options: readonly string[]): string {
  return run('qemu-img', options);
}

/** One `qemu-io` command after the other on an image. */
export function qemuIo(format: string, path: string, ...commands: readonly string[]): string {
  return run('qemu-io', ['-f', format, ...commands.flatMap((command) => ['-c', command]), path]);
}

function run(program: string, options: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, options, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${options.join(' ')}: status ${status}\n${stdout}${stderr}`);
  return stdout;
}
