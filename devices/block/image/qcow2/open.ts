/** A qcow2 image and its chain of backing files, opened: what can be seen to be wrong at this point is refused by name. */
import { dirname, isAbsolute, join } from 'node:path';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { printable } from '#shared/lang/printable.ts';
import { fileStatus } from '#shared/sys/file-status.ts';
import type { ImageFile } from '../image-file.ts';
import type { ImageError } from '../image.ts';
import { host, unsupported } from './errors.ts';
import { type Backing, readHeader, setU64 } from './header.ts';
import { type ChainState, type Layer, RawLayer } from './layer.ts';
import { Mapping, readL1 } from './mapping.ts';
import { Qcow2File } from './qcow2-file.ts';
import { Qcow2Image } from './qcow2-image.ts';
import { Rebuild } from './rebuild.ts';
import { Refcounts, readRefcountTable } from './refcounts.ts';
import { readSnapshots } from './snapshots.ts';
import { HEADER } from './spec.ts';

export type BackingFormat = 'raw' | 'qcow2';

export interface Qcow2Options {
  readonly readOnly: boolean;
  /** Whether an image that has a backing file is opened at all. */
  readonly backingFiles: boolean;
  /** Where the image is: names of backing files start from its folder. */
  readonly path: string;
  /** Opens a backing file for reading; who gave this function closes it. */
  openBacking(path: string, format: BackingFormat): Result<ImageFile, ImageError>;
  /** Bytes of L2 tables kept in memory at most, for the image; each backing file gets an eighth. */
  readonly cacheBudget?: number;
}

const CACHE_BUDGET = 32 << 20;
const LONGEST_CHAIN = 64;
const GIVEN_UP = 'had persistent bitmaps, which are given up: what is written now is not in them';

export function openQcow2(file: ImageFile, options: Qcow2Options): Result<Qcow2Image, ImageError> {
  const chain: Chain = { ...options, files: [], identities: new Set(), state: { bytes: new Uint8Array(0), error: '' } };
  const opened = openLayer(file, chain, { path: options.path, readOnly: options.readOnly });
  if (!opened.ok) return opened;
  return ok(new Qcow2Image({ ...opened.value, files: chain.files, state: chain.state }));
}

interface Chain extends Qcow2Options {
  readonly files: ImageFile[];
  /** Of the files so far: none may come twice. */
  readonly identities: Set<string>;
  readonly state: ChainState;
}

interface LayerOptions {
  readonly path: string;
  readonly readOnly: boolean;
}

interface OpenedLayer {
  readonly mapping: Mapping;
  readonly refcounts: Refcounts;
  readonly hasSnapshots: boolean;
  readonly notice: string | undefined;
}

function openLayer(file: ImageFile, chain: Chain, { path, readOnly }: LayerOptions): Result<OpenedLayer, ImageError> {
  const joined = joinChain(file, chain);
  if (!joined.ok) return joined;
  const { position, isFile } = joined.value;
  const header = readHeader(file);
  if (!header.ok) return header;
  const fileSize = file.size();
  if (fileSize < 0) return host('measure the file', fileSize);
  const image = new Qcow2File(file, header.value, { readOnly, fileSize });
  if (!readOnly) {
    // It has to become longer and shorter.
    if (!isFile) return unsupported('is a qcow2 image on a device, which is not supported yet but for reading');
    const ready = makeWritable(image);
    if (!ready.ok) return ready;
  }
  image.metadata.add(0);
  const table = readRefcountTable(image);
  if (!table.ok) return table;
  const l1 = readL1(image);
  if (!l1.ok) return l1;
  const snapshots = readSnapshots(image);
  if (!snapshots.ok) return snapshots;
  const below = header.value.backing === undefined ? ok(undefined) : openBelow(header.value.backing, chain, path);
  if (!below.ok) return below;
  const budget = chain.cacheBudget ?? CACHE_BUDGET;
  const mapping = new Mapping(image, l1.value, {
    file: position,
    below: below.value,
    cacheBudget: position === 0 ? budget : budget / 8,
    state: chain.state,
  });
  const refcounts = new Refcounts(image, table.value);
  if (!readOnly && (header.value.dirty || header.value.version === 2)) {
    const rebuilt = new Rebuild({ image, mapping, refcounts, snapshots: snapshots.value }).run();
    if (!rebuilt.ok) return rebuilt;
  }
  const notice = header.value.autoclear && !readOnly ? GIVEN_UP : undefined;
  return ok({ mapping, refcounts, hasSnapshots: header.value.snapshotCount > 0, notice });
}

interface Joined {
  /** Among the files of the chain. */
  readonly position: number;
  /** Not a device. */
  readonly isFile: boolean;
}

function joinChain(file: ImageFile, chain: Chain): Result<Joined, ImageError> {
  const status = fileStatus(file.fd);
  if (!status.ok) return err({ code: 'HOST', message: status.error.message });
  if (chain.identities.has(status.value.identity)) return err({ code: 'BACKING', message: 'is, over some steps, its own backing file' });
  if (chain.files.length >= LONGEST_CHAIN) return err({ code: 'BACKING', message: `has more than ${LONGEST_CHAIN - 1} backing files` });
  chain.identities.add(status.value.identity);
  return ok({ position: chain.files.push(file) - 1, isFile: status.value.kind === 'file' });
}

/** Marks of others are heeded, and what nobody keeps right is given up. */
function makeWritable(image: Qcow2File): Result<void, ImageError> {
  const { header } = image;
  if (header.corrupt) {
    return err({ code: 'CORRUPT', message: 'is marked as corrupt: repair it with `qemu-img check -r all`, or open it for reading' });
  }
  const extended = image.extendTo(image.endCluster);
  if (extended < 0) return host('lengthen the file to whole clusters', extended);
  if (!header.autoclear) return ok();
  // Features that a writer must know to keep: persistent bitmaps are the only one so far.
  const written = image.changeHeader((view) => setU64(view, HEADER.autoclear, 0));
  if (written < 0) return host('write the header', written);
  const synced = image.file.sync();
  return synced < 0 ? host('flush the image', synced) : ok();
}

function openBelow({ name, format }: Backing, chain: Chain, childPath: string): Result<Layer, ImageError> {
  const shown = printable(name);
  if (!chain.backingFiles) return unsupported(`has the backing file ${shown}: add backing_files=on where that is wanted`);
  if (format === undefined) {
    return unsupported(`does not say what format its backing file ${shown} has: \`qemu-img rebase -u -F FORMAT -b FILE\` does`);
  }
  if (format !== 'raw' && format !== 'qcow2') return unsupported(`has a backing file in the format ${printable(format)}, not raw or qcow2`);
  if (/^[a-z0-9+._-]+:/i.test(name)) return unsupported(`has the backing file ${shown}, which is not the name of a file`);
  const path = isAbsolute(name) ? name : join(dirname(childPath), name);
  const opened = chain.openBacking(path, format);
  if (!opened.ok) return backingProblem(shown, opened.error);
  const layer = format === 'raw' ? openRaw(opened.value, chain) : openLayer(opened.value, chain, { path, readOnly: true });
  if (!layer.ok) return backingProblem(shown, layer.error);
  return ok('mapping' in layer.value ? layer.value.mapping : layer.value);
}

function backingProblem(shown: string, { message, lockedFile }: ImageError): Result<never, ImageError> {
  const of = (said: string): string => `has the backing file ${shown}, which ${said}`.trimEnd();
  const locked = lockedFile && { lockedFile: { ...lockedFile, what: of(lockedFile.what) } };
  return err({ code: 'BACKING', message: of(message), ...locked });
}

function openRaw(file: ImageFile, chain: Chain): Result<Layer, ImageError> {
  const joined = joinChain(file, chain);
  if (!joined.ok) return joined;
  const size = file.size();
  return size < 0 ? host('measure the file', size) : ok(new RawLayer(joined.value.position, size));
}
