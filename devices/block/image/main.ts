/**
 * Describes an image as one line of JSON, for `chctl image`: in a process of its own, for an image may come from anybody.
 *
 * Usage: main FILE [TYPE]. The line is `{"image": ...}` (ImageDescription) with status 0, or `{"error": {"code", "message"}}` with
 * status 1, where the message is the end of a sentence that begins with the file's name.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { asFd } from '#shared/sys/owned-fd.ts';
import { EXIT, exitNow, exitOnUncaught } from '#shared/sys/process-exit.ts';
import { type ImageDescription, describeImage } from './describe.ts';
import { HostFile } from './image-file.ts';
import type { ImageError, ImageType } from './image.ts';

const TYPES: readonly ImageType[] = ['raw', 'qcow2', 'vhd', 'vhdx'];
/** Of st_blocks (stat(2)). */
const BLOCK = 512;

exitOnUncaught('ch-block image');

const [path = '', named] = process.argv.slice(2);
const answer = describe(
  path,
  TYPES.find((type) => type === named),
);
writeSync(1, `${JSON.stringify(answer.ok ? { image: answer.value } : { error: answer.error })}\n`);
exitNow(answer.ok ? EXIT.poweredOff : EXIT.failed);

/** `hostBytes` is what the file takes on its file system. */
function describe(path: string, type: ImageType | undefined): Result<ImageDescription & { hostBytes: number }, ImageError> {
  let fd: number;
  try {
    // A pipe without a writer must not hold us.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const reason = new Map([
      ['ENOENT', 'does not exist'],
      ['EACCES', 'cannot be opened: permission denied'],
    ]).get(code);
    return err({ code: 'HOST', message: reason ?? `cannot be opened (${code})` });
  }
  try {
    const status = fstatSync(fd);
    if (!status.isFile() && !status.isBlockDevice()) return err({ code: 'HOST', message: 'is neither a file nor a block device' });
    const described = describeImage(new HostFile(asFd(fd)), type);
    return described.ok ? ok({ ...described.value, hostBytes: status.blocks * BLOCK }) : described;
  } finally {
    closeSync(fd);
  }
}
