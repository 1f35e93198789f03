/** What can be said about an image without serving it, and without opening any other file that it names. */
import { type Result, err, ok } from '#shared/lang/result.ts';
import { allocate } from '#shared/sys/ffi.ts';
import type { ImageFile } from './image-file.ts';
import type { ImageError, ImageType } from './image.ts';
import { PROBE_BYTES, probe } from './probe.ts';
import { openVhd } from './vhd.ts';
import { describeQcow2 } from './describe-qcow2.ts';
import { describeVhdx } from './describe-vhdx.ts';

/** Sent as JSON to who asked. Sizes are in bytes; null: it has none, or that cannot be said. */
export interface ImageDescription {
  /** `raw`, `qcow2`, or the name of a format that we do not open. */
  readonly format: string;
  /** What to say as image_type=. */
  readonly imageType: ImageType | null;
  readonly virtualSize: number | null;
  readonly fileSize: number;
  /** Of a cluster, or a block. */
  readonly clusterSize: number | null;
  readonly backingFile: { readonly name: string; readonly format: string | null } | null;
  readonly snapshots: readonly { readonly id: string; readonly name: string }[];
  readonly features: readonly string[];
  /** It was not closed: its first writer has to clean up. */
  readonly dirty: boolean;
  /** Something in it is wrong, or was found to be by who wrote it. */
  readonly corrupt: boolean;
  readonly notes: readonly string[];
}

export type Described = Pick<ImageDescription, 'virtualSize'> & Partial<ImageDescription>;

/** As what `type` says; without it, as what the first bytes claim. */
export function describeImage(file: ImageFile, type: ImageType | undefined): Result<ImageDescription, ImageError> {
  const fileSize = file.size();
  const head = readHead(file, 0);
  if (fileSize < 0 || head === undefined) return err({ code: 'HOST', message: 'cannot be read' });
  const foreign = probe(head);
  const imageType = type ?? (foreign === undefined ? 'raw' : foreign.imageType);
  const described = imageType === undefined ? ok(notOpened(foreign?.name ?? '')) : describeAs(file, imageType, fileSize);
  if (!described.ok) return described;
  const plain = { clusterSize: null, backingFile: null, snapshots: [], features: [], dirty: false, corrupt: false, notes: [] };
  return ok({ format: imageType ?? foreign?.name ?? '', imageType: imageType ?? null, fileSize, ...plain, ...described.value });
}

function describeAs(file: ImageFile, type: ImageType, fileSize: number): Result<Described, ImageError> {
  switch (type) {
    case 'raw':
      return ok({ virtualSize: fileSize, notes: rawNotes(file, fileSize) });
    case 'qcow2':
      return describeQcow2(file);
    case 'vhd': {
      const opened = openVhd(file, { readOnly: true });
      return opened.ok ? ok({ virtualSize: opened.value.size, features: ['fixed'] }) : opened;
    }
    case 'vhdx':
      return describeVhdx(file);
  }
}

function notOpened(name: string): Described {
  return { virtualSize: null, notes: [`${name} is not supported; \`qemu-img convert -O raw\` makes it a raw image`] };
}

/** A fixed VHD is a raw image but for its last sector, which proves nothing. */
function rawNotes(file: ImageFile, fileSize: number): readonly string[] {
  if (fileSize % PROBE_BYTES !== 0) return [`its size is no multiple of ${PROBE_BYTES}: it is no disk`];
  const tail = fileSize < 2 * PROBE_BYTES ? undefined : readHead(file, fileSize - PROBE_BYTES);
  if (tail === undefined || probe(tail)?.name !== 'dynamic VHD') return [];
  return ['its last 512 bytes look like the footer of a fixed VHD: if it is one, say image_type=vhd'];
}

function readHead(file: ImageFile, offset: number): Uint8Array | undefined {
  const head = allocate(PROBE_BYTES);
  const read = file.read(head, 0, PROBE_BYTES, offset);
  return read < 0 ? undefined : head.bytes.subarray(0, read);
}
