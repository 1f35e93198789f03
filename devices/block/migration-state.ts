/**
 * A disk's own state for a migration (vhost-user's DEVICE_STATE): what the driver has chosen that no ring and no feature says, and what
 * it believes of the disk, which has to be so where it goes on. Limits and the image's format are the host's affair, not the guest's.
 */
import { bytes, le16, le32, le64, readU53, u8 } from '#shared/layout/fields.ts';
import { struct } from '#shared/layout/struct.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';

export const BlockMigrationState = struct('ch_block_state', {
  magic: le32,
  version: le16,
  /** Bytes of all this. */
  size: le16,
  /** In sectors of 512 bytes. */
  capacity: le64,
  writeback: u8,
  read_only: u8,
  reserved: bytes(6),
});

/** "chbs". */
const MAGIC = 0x7362_6863;
export const MIGRATION_STATE_VERSION = 1;

export interface MigrationState {
  readonly sectors: number;
  readonly readOnly: boolean;
  readonly writesBack: boolean;
}

export type MigrationStateError =
  | { readonly code: 'STATE_FORMAT' }
  | { readonly code: 'STATE_VERSION'; readonly version: number; readonly known: number }
  | { readonly code: 'STATE_VALUE'; readonly field: string }
  /** The image here is not of the size that the guest knows. */
  | { readonly code: 'STATE_CAPACITY'; readonly sectors: number; readonly here: number }
  | { readonly code: 'STATE_READ_ONLY'; readonly here: boolean }
  /** Nobody can be told of the write cache that it asks for. */
  | { readonly code: 'STATE_UNRECORDED' };

export function encodeMigrationState({ sectors, readOnly, writesBack }: MigrationState): Uint8Array {
  const view = new DataView(new ArrayBuffer(BlockMigrationState.size));
  const { set } = BlockMigrationState;
  set.magic(view, 0, MAGIC);
  set.version(view, 0, MIGRATION_STATE_VERSION);
  set.size(view, 0, BlockMigrationState.size);
  set.capacity(view, 0, sectors);
  set.writeback(view, 0, writesBack ? 1 : 0);
  set.read_only(view, 0, readOnly ? 1 : 0);
  return new Uint8Array(view.buffer);
}

/** The state of a disk that is like `here` but for what its driver chose. */
export function parseMigrationState(
  given: Uint8Array,
  here: Pick<MigrationState, 'sectors' | 'readOnly'>,
): Result<MigrationState, MigrationStateError> {
  const view = new DataView(given.buffer, given.byteOffset, given.byteLength);
  const { get, offset, size } = BlockMigrationState;
  if (given.length < offset.capacity || get.magic(view, 0) !== MAGIC) return err({ code: 'STATE_FORMAT' });
  const version = get.version(view, 0);
  if (version !== MIGRATION_STATE_VERSION) return err({ code: 'STATE_VERSION', version, known: MIGRATION_STATE_VERSION });
  if (given.length !== size || get.size(view, 0) !== size) return err({ code: 'STATE_FORMAT' });
  const sectors = readU53(view, offset.capacity);
  const [writeback, readOnly] = [get.writeback(view, 0), get.read_only(view, 0)];
  if (writeback > 1) return err({ code: 'STATE_VALUE', field: 'writeback' });
  if (readOnly > 1) return err({ code: 'STATE_VALUE', field: 'read_only' });
  if (given.subarray(offset.reserved).some((byte) => byte !== 0)) return err({ code: 'STATE_VALUE', field: 'reserved' });
  if (sectors !== here.sectors) return err({ code: 'STATE_CAPACITY', sectors: sectors ?? Infinity, here: here.sectors });
  if ((readOnly === 1) !== here.readOnly) return err({ code: 'STATE_READ_ONLY', here: here.readOnly });
  return ok({ sectors, readOnly: here.readOnly, writesBack: writeback === 1 });
}
