/** `chctl image create`: an empty disk, of any type that we serve. */
import { closeSync, existsSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { byteSize } from '#shared/config/value-types.ts';
import { errorName, makingMessage } from '#shared/lang/file-message.ts';
import { printable } from '#shared/lang/printable.ts';
import { type Result, ok } from '#shared/lang/result.ts';
import { IMAGE_TYPES, type ImageType } from './described-image.ts';
import { type Fault, type Outcome, failed, parse, usage } from './outcome.ts';
import { QEMU_FORMATS, qemuImg } from './qemu-img.ts';

const SECTOR = 512;
/** The exact size that was asked for, not the next that has a geometry; and one that grows with what is written. */
const CREATE_OPTIONS: Readonly<Record<ImageType, readonly string[]>> = {
  raw: [],
  qcow2: ['-o', 'compat=1.1'],
  vhd: ['-o', 'subformat=fixed,force_size=on'],
  vhdx: ['-o', 'subformat=dynamic'],
};

interface NewImage {
  readonly path: string;
  /** Bytes; undefined: as the backing file. */
  readonly size: number | undefined;
  readonly type: ImageType;
  readonly backing: { readonly path: string; readonly type: 'raw' | 'qcow2' } | undefined;
}

export async function createImage(argv: readonly string[]): Promise<Outcome> {
  const wanted = readArguments(argv);
  if (!wanted.ok) return wanted;
  const { path, backing } = wanted.value;
  if (backing !== undefined && !existsSync(resolve(dirname(path), backing.path))) {
    return failed(
      `there is no backing file ${printable(resolve(dirname(path), backing.path))} (its name begins at the new image's folder)`,
    );
  }
  const reserved = reserve(path);
  if (!reserved.ok) return reserved;
  const made = await fill(wanted.value);
  if (!made.ok) rmSync(path, { force: true });
  return made;
}

function readArguments(argv: readonly string[]): Result<NewImage, Fault> {
  const parsed = parse(argv, { type: 'TYPE', backing: 'FILE', 'backing-type': 'raw|qcow2' });
  if (!parsed.ok) return parsed;
  const [path, sizeGiven, ...more] = parsed.value.positionals;
  const named = parsed.value.text('type') ?? 'raw';
  const type = IMAGE_TYPES.find((known) => known === named);
  const backing = parsed.value.text('backing');
  const backingNamed = parsed.value.text('backing-type');
  const backingType = (['raw', 'qcow2'] as const).find((known) => known === backingNamed);
  if (path === undefined || more.length > 0) return usage('create needs FILE SIZE');
  if (type === undefined) return usage(`type '${printable(named)}' is none of ${IMAGE_TYPES.join(', ')}`);
  if (sizeGiven === undefined && backing === undefined) return usage('create needs a SIZE, like 10G');
  const size = sizeGiven === undefined ? undefined : byteSize.parse(sizeGiven);
  const problem = sizeGiven === undefined ? undefined : sizeProblem(size);
  if (problem !== undefined) return usage(`size '${printable(sizeGiven ?? '')}': ${problem}`);
  if ((backing === undefined) !== (backingNamed === undefined))
    return usage('--backing and --backing-type go together: a format is never guessed');
  if (backing === undefined) return ok({ path, size, type, backing: undefined });
  if (type !== 'qcow2') return usage('only --type qcow2 has backing files');
  if (backingType === undefined) return usage(`backing type '${printable(backingNamed ?? '')}' is neither raw nor qcow2`);
  return ok({ path, size, type, backing: { path: backing, type: backingType } });
}

function sizeProblem(size: number | undefined): string | undefined {
  if (size === undefined) return `expected ${byteSize.expected}`;
  return size > 0 && size % SECTOR === 0 ? undefined : `a disk has a multiple of ${SECTOR} bytes, and not 0`;
}

/** qemu-img overwrites what is there. */
function reserve(path: string): Outcome {
  try {
    closeSync(openSync(path, 'wx'));
    return ok();
  } catch (error) {
    const name = errorName(error);
    return failed(
      name === 'EEXIST' ? `${printable(path)} exists already: give another name, or remove it` : makingMessage('image', path, name),
    );
  }
}

async function fill({ path, size, type, backing }: NewImage): Promise<Outcome> {
  if (type === 'raw') return resize(path, size ?? 0);
  const behind = backing === undefined ? [] : ['-b', asFileName(backing.path), '-F', backing.type];
  const options = ['create', '-q', '-f', QEMU_FORMATS[type], ...CREATE_OPTIONS[type], ...behind];
  const made = await qemuImg([...options, resolve(path), ...(size === undefined ? [] : [String(size)])]);
  if (!made.ok) return failed(made.error);
  const { status, complaint } = made.value;
  return status === 0 ? ok() : failed(`${printable(path)} cannot be made: ${complaint}`);
}

function resize(path: string, size: number): Outcome {
  const fd = openSync(path, 'r+');
  try {
    ftruncateSync(fd, size);
    return ok();
  } catch (error) {
    const name = errorName(error);
    const reason = name === 'EFBIG' || name === 'EINVAL' ? 'its file system has no files of that size' : name;
    return failed(`${printable(path)} cannot have ${size} bytes: ${reason}`);
  } finally {
    closeSync(fd);
  }
}

/** A name with a colon in it would be a protocol's to qemu. */
function asFileName(path: string): string {
  return isAbsolute(path) || path.startsWith('./') || path.startsWith('../') ? path : `./${path}`;
}
