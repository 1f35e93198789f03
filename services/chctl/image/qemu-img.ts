/** QEMU's image tool, which makes and checks the formats that are not ours. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { printable } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';

export interface ToolRun {
  readonly status: number;
  readonly output: string;
  /** The first line of its complaints. */
  readonly complaint: string;
}

/** What it calls our types. */
export const QEMU_FORMATS = { raw: 'raw', qcow2: 'qcow2', vhd: 'vpc', vhdx: 'vhdx' } as const;

/** The error is one line that says what to install. */
export function qemuImg(options: readonly string[]): Promise<Result<ToolRun, string>> {
  const child = spawn('qemu-img', options, { env: { ...process.env, LC_ALL: 'C' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (data: string) => (output += data));
  child.stderr.setEncoding('utf8').on('data', (data: string) => (complaints += data));
  return new Promise((done) => {
    child.once('error', () => done(err('the program qemu-img is not installed (Debian: apt-get install qemu-utils)')));
    child.once('close', (status, signal) => {
      const complaint =
        printable((complaints.split('\n')[0] ?? '').replace(/^qemu-img: /, '')) || `ended by ${signal ?? `status ${status}`}`;
      done(ok({ status: status ?? 1, output, complaint }));
    });
  });
}

/** An image for its command line: of this format, in this file and no protocol, and without whatever the image names as its backing file. */
export function imageAlone(path: string, format: 'qcow2' | 'vhdx'): string {
  const file = { driver: 'file', filename: resolve(path) };
  return `json:${JSON.stringify({ driver: format, file, ...(format === 'qcow2' ? { backing: null } : {}) })}`;
}
