/** `chctl image info` and `chctl image check`: what an image is, and whether it is whole. */
import { printable } from '#shared/lang/printable.ts';
import { type Result, ok } from '#shared/lang/result.ts';
import { type DescribedImage, IMAGE_TYPES, type ImageType, describeImage, renderImage } from './described-image.ts';
import { type CommandIo, type Fault, type Outcome, failed, parse, text, usage } from './outcome.ts';
import { type ToolRun, imageAlone, qemuImg } from './qemu-img.ts';

interface Inspected {
  readonly path: string;
  readonly image: DescribedImage;
  readonly json: boolean;
}

export async function imageInfo(argv: readonly string[], io: CommandIo, describer: string): Promise<Outcome> {
  const inspected = await inspect('info', argv, describer);
  if (!inspected.ok) return inspected;
  const { path, image, json } = inspected.value;
  io.stdout.write(json ? `${JSON.stringify(image, null, 2)}\n` : renderImage(path, image));
  return ok();
}

export async function checkImage(argv: readonly string[], io: CommandIo, describer: string): Promise<Outcome> {
  const inspected = await inspect('check', argv, describer);
  if (!inspected.ok) return inspected;
  const { path, image } = inspected.value;
  const name = printable(path);
  const { imageType } = image;
  if (imageType === null) return failed(`${name}: ${image.notes.join('; ')}`);
  if (imageType === 'vhdx' && image.dirty)
    return failed(`${name} was not closed: start it once without readonly=on, or \`qemu-img check -r all\` it`);
  if (image.corrupt) return failed(`${name} is corrupt: ${image.notes.at(-1) ?? 'it says so itself'}; see \`qemu-img check\``);
  if (imageType === 'raw' || imageType === 'vhd') {
    io.stdout.write(`${name}: ${imageType === 'raw' ? 'a raw image has nothing to check' : 'no errors'}\n`);
    return ok();
  }
  const run = await qemuImg(['check', '--output=json', imageAlone(path, imageType)]);
  if (!run.ok) return failed(`${name} cannot be checked: ${run.error}`);
  const verdict = readVerdict(run.value);
  if (!verdict.ok) return failed(`${name} ${verdict.error.message}`);
  io.stdout.write(`${name}: ${verdict.value}\n`);
  return ok();
}

async function inspect(verb: string, argv: readonly string[], describer: string): Promise<Result<Inspected, Fault>> {
  const parsed = parse(argv, { type: { type: 'string' }, ...(verb === 'info' ? { json: { type: 'boolean' } as const } : {}) });
  if (!parsed.ok) return parsed;
  const [path, ...more] = parsed.value.positionals;
  if (path === undefined || more.length > 0) return usage(`${verb} needs one FILE`);
  const named = text(parsed.value, 'type');
  const type: ImageType | undefined = IMAGE_TYPES.find((known) => known === named);
  if (named !== undefined && type === undefined) return usage(`type '${printable(named)}' is none of ${IMAGE_TYPES.join(', ')}`);
  const described = await describeImage(describer, path, type);
  if (!described.ok) return failed(`${printable(path)} ${described.error}`);
  return ok({ path, image: described.value, json: parsed.value.values['json'] === true });
}

/** Exit statuses of `qemu-img check`. */
const LEAKS_ONLY = 3;
const CORRUPT = 2;

function readVerdict({ status, output, complaint }: ToolRun): Result<string, Fault> {
  const found = status === 0 || status === LEAKS_ONLY || status === CORRUPT ? readCounts(output) : undefined;
  if (found === undefined) return failed(`cannot be checked: ${complaint}`);
  const { corruptions, leaks } = found;
  if (status === CORRUPT || corruptions > 0)
    return failed(`is corrupt: ${corruptions} errors and ${leaks} leaked clusters; see \`qemu-img check\``);
  return ok(leaks === 0 ? 'no errors' : `no errors; ${leaks} clusters are in nobody's use`);
}

function readCounts(output: string): { corruptions: number; leaks: number } | undefined {
  try {
    const report: unknown = JSON.parse(output);
    if (typeof report !== 'object' || report === null) return undefined;
    const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
    return { corruptions: 'corruptions' in report ? count(report.corruptions) : 0, leaks: 'leaks' in report ? count(report.leaks) : 0 };
  } catch {
    return undefined;
  }
}
