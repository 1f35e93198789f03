/** `chctl image`: makes and inspects disks, and gets a newcomer a kernel to boot them with. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { nearest } from '#shared/config/render-error.ts';
import { FLAG } from '#shared/config/strict-arguments.ts';
import { printable } from '#shared/lang/printable.ts';
import { ok } from '#shared/lang/result.ts';
import { createImage } from './create-image.ts';
import { makeDebianDisk } from './debian.ts';
import { makeDemoGuest } from './demo.ts';
import { type FileSource, openDisk, thisMachine } from './file-source.ts';
import { guestInitramfs } from './initramfs.ts';
import { checkImage, imageInfo } from './inspect-image.ts';
import { packagedKernel, unpackKernel } from './kernel.ts';
import { type CommandIo, type Outcome, failed, parse, usage } from './outcome.ts';

export type { CommandIo } from './outcome.ts';

export const IMAGE_USAGE = `Usage: chctl image info FILE [--type TYPE] [--json]
       chctl image create FILE SIZE [--type TYPE] [--backing FILE --backing-type raw|qcow2]
       chctl image check FILE [--type TYPE] [--json]
       chctl image kernel [DISK] KERNEL [--initramfs FILE] [--packed]
       chctl image make debian DISK [--size 2G]
       chctl image make demo FOLDER

chctl image info says what a disk image is: format, sizes, backing file, snapshots; check whether it is whole; create makes an
empty one, of SIZE bytes (like 10G). TYPE is raw, qcow2, vhd (fixed) or vhdx; all but raw are made, and checked, with the help of
qemu-img (apt-get install qemu-utils).

chctl image kernel takes the newest kernel from /boot of a raw disk image (ext2, ext3 or ext4, alone or in a partition), or of
this machine where no DISK is given, and writes it to KERNEL unpacked (vmlinux), which starts faster.
  --initramfs FILE  writes what the kernel needs to find its disk: busybox, its virtio drivers, and an init that mounts root=
  --packed          leaves the kernel as the distribution packages it (bzImage)

chctl image make debian writes a raw ext4 disk with Debian 12, systemd and its cloud kernel; root has no password. It takes half
a minute, a network and the package mmdebstrap (apt-get install mmdebstrap). To boot it:
  chctl image make debian debian.raw
  chctl image kernel debian.raw vmlinux --initramfs initramfs
  chctl run --kernel vmlinux --initramfs initramfs --disk path=debian.raw

chctl image make demo writes a kernel, an initramfs and a small disk that boots to a shell in seconds, from this machine's kernel.
`;

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs `chctl image ARGUMENTS`; resolves to the exit status. `describer` is the script of the program that reads images. */
export async function imageCommand(argv: readonly string[], io: CommandIo, describer: string): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    io.stdout.write(IMAGE_USAGE);
    return 0;
  }
  const outcome = await dispatch(argv, io, describer);
  if (outcome.ok) return 0;
  const hint = outcome.error.code === 'USAGE' ? " (see 'chctl image --help')" : '';
  io.stderr.write(`chctl image: ${outcome.error.message}${hint}\n`);
  return outcome.error.code === 'USAGE' ? EXIT_USAGE : EXIT_FAILED;
}

function dispatch(argv: readonly string[], io: CommandIo, describer: string): Outcome | Promise<Outcome> {
  const [verb, ...rest] = argv;
  switch (verb) {
    case 'info':
      return imageInfo(rest, io, describer);
    case 'create':
      return createImage(rest);
    case 'check':
      return checkImage(rest, io, describer);
    case 'kernel':
      return kernel(rest);
    case 'make':
      return make(rest, io);
    case undefined:
      return usage('needs info, create, check, kernel or make');
    default:
      return usage(unknownVerb(verb));
  }
}

const VERBS = ['info', 'create', 'check', 'kernel', 'make'];

function unknownVerb(verb: string): string {
  const meant = nearest(verb, VERBS);
  return `there is no 'chctl image ${printable(verb)}'${meant === undefined ? `: there are ${VERBS.join(', ')}` : `; did you mean '${meant}'?`}`;
}

function make([what, ...more]: readonly string[], io: CommandIo): Outcome | Promise<Outcome> {
  if (what === 'debian') return debian(more, io);
  if (what === 'demo') return demo(more, io);
  return usage(what === undefined ? 'make needs debian or demo' : `there is no image '${printable(what)}' to make`);
}

function kernel(argv: readonly string[]): Outcome {
  const parsed = parse(argv, { initramfs: 'FILE', packed: FLAG });
  if (!parsed.ok) return parsed;
  const { positionals } = parsed.value;
  if (positionals.length < 1 || positionals.length > 2) return usage('kernel needs [DISK] KERNEL');
  const [disk, target] = positionals.length === 2 ? positionals : [undefined, positionals[0]];
  const source = disk === undefined ? ok(thisMachine) : openDisk(disk);
  if (!source.ok) return failed(source.error.message);
  return writeKernel(source.value, {
    kernel: target ?? '',
    initramfs: parsed.value.text('initramfs'),
    packed: parsed.value.has('packed'),
  });
}

interface KernelTargets {
  readonly kernel: string;
  readonly initramfs: string | undefined;
  readonly packed: boolean;
}

function writeKernel(source: FileSource, targets: KernelTargets): Outcome {
  const packaged = packagedKernel(source);
  if (!packaged.ok) return failed(packaged.error.message);
  const image = targets.packed ? ok(packaged.value.image) : unpackKernel(packaged.value);
  if (!image.ok) return failed(image.error.message);
  if (targets.initramfs !== undefined) {
    const initramfs = guestInitramfs(source, packaged.value.release);
    if (!initramfs.ok) return failed(initramfs.error.message);
    const written = write(targets.initramfs, initramfs.value);
    if (!written.ok) return written;
  }
  return write(targets.kernel, image.value);
}

async function debian(argv: readonly string[], io: CommandIo): Promise<Outcome> {
  const parsed = parse(argv, { size: 'SIZE' });
  if (!parsed.ok) return parsed;
  const [path, ...more] = parsed.value.positionals;
  if (path === undefined || more.length > 0) return usage('make debian needs one DISK');
  const size = parsed.value.text('size') ?? '2G';
  if (!/^[1-9]\d{0,5}[MGT]$/.test(size)) return usage(`size '${size}' is not a number with M, G or T, like 2G`);
  const made = await makeDebianDisk({ path, size, report: (line) => io.stderr.write(`${line}\n`) });
  return made.ok ? ok() : failed(made.error.message);
}

async function demo(argv: readonly string[], io: CommandIo): Promise<Outcome> {
  const parsed = parse(argv, {});
  if (!parsed.ok) return parsed;
  const [folder, ...more] = parsed.value.positionals;
  if (folder === undefined || more.length > 0) return usage('make demo needs one FOLDER');
  const made = await makeDemoGuest(folder);
  if (!made.ok) return failed(made.error.message);
  const { kernel: image, initramfs, disk } = made.value;
  io.stdout.write(`chctl run --kernel ${image} --initramfs ${initramfs} --disk path=${disk}\n`);
  return ok();
}

/** The file appears whole or not at all. */
function write(path: string, content: Uint8Array): Outcome {
  const partial = `${path}.partial`;
  try {
    writeFileSync(partial, content);
    renameSync(partial, path);
    return ok();
  } catch (error) {
    rmSync(partial, { force: true });
    return failed(`cannot write ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
