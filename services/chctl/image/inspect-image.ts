/** `chctl image info` and `chctl image check`: what an image is, and whether it is whole. */
import { FLAG } from '#shared/config/strict-arguments.ts';
import { printable } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';
import { type DescribedImage, IMAGE_TYPES, type ImageType, describeImage, renderImage } from './described-image.ts';
import { type CommandIo, type Fault, type Outcome, failed, parse, usage } from './outcome.ts';
import { imageAlone, qemuImg } from './qemu-img.ts';

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

/** As `chctl image check --json` prints it. */
interface Verdict {
  readonly imageType: ImageType | null;
  readonly whole: boolean;
  /** null: not counted. */
  readonly errors: number | null;
  /** Clusters that nothing refers to: space is lost, and nothing else. */
  readonly leaks: number | null;
  /** The end of a sentence that begins with the image's name. */
  readonly detail: string;
}

export async function checkImage(argv: readonly string[], io: CommandIo, describer: string): Promise<Outcome> {
  const inspected = await inspect('check', argv, describer);
  if (!inspected.ok) return inspected;
  const { path, image, json } = inspected.value;
  const judged = judgeHeaders(image) ?? (await judgeByQemu(path, image.imageType));
  if (!judged.ok) return failed(`${printable(path)} cannot be checked: ${judged.error}`);
  const verdict = judged.value;
  if (json) io.stdout.write(`${JSON.stringify(verdict, null, 2)}\n`);
  if (!verdict.whole) return failed(`${printable(path)} ${verdict.detail}`);
  if (!json) io.stdout.write(`${printable(path)} ${verdict.detail}\n`);
  return ok();
}

/** What can be said without looking at every cluster; undefined: that has to be done. */
function judgeHeaders({ imageType, dirty, corrupt, notes }: DescribedImage): Result<Verdict, string> | undefined {
  const verdict = (whole: boolean, detail: string) => ok({ imageType, whole, errors: null, leaks: null, detail });
  if (imageType === null) return err(notes.join('; '));
  if (imageType === 'vhdx' && dirty)
    return verdict(false, 'was not closed: start it once without readonly=on, or `qemu-img check -r all` it');
  if (corrupt) return verdict(false, `is corrupt: ${notes.at(-1) ?? 'it says so itself'}; see \`qemu-img check\``);
  if (imageType === 'raw') return verdict(true, 'is raw: there is nothing to check');
  return imageType === 'vhd' ? verdict(true, 'has no errors') : undefined;
}

async function judgeByQemu(path: string, imageType: ImageType | null): Promise<Result<Verdict, string>> {
  const run = await qemuImg(['check', '--output=json', imageAlone(path, imageType === 'vhdx' ? 'vhdx' : 'qcow2')]);
  if (!run.ok) return run;
  const { status, output, complaint } = run.value;
  if (/Failed to get ".*" lock/.test(complaint)) return err('it is in use; check it when whoever has it has ended');
  const found = status === 0 || status === LEAKS_ONLY || status === CORRUPT ? readCounts(output) : undefined;
  if (found === undefined) return err(complaint);
  const { errors, leaks } = found;
  const whole = status !== CORRUPT && errors === 0;
  const leaked = leaks === 0 ? '' : `; ${leaks === 1 ? '1 cluster is' : `${leaks} clusters are`} in nobody's use`;
  const wrong = `is corrupt: ${errors === 1 ? '1 error' : `${errors} errors`}${leaked}; see \`qemu-img check\``;
  return ok({ imageType, whole, errors, leaks, detail: whole ? `has no errors${leaked}` : wrong });
}

async function inspect(verb: string, argv: readonly string[], describer: string): Promise<Result<Inspected, Fault>> {
  const parsed = parse(argv, { type: 'TYPE', json: FLAG });
  if (!parsed.ok) return parsed;
  const [path, ...more] = parsed.value.positionals;
  if (path === undefined || more.length > 0) return usage(`${verb} needs one FILE`);
  const named = parsed.value.text('type');
  const type: ImageType | undefined = IMAGE_TYPES.find((known) => known === named);
  if (named !== undefined && type === undefined) return usage(`type '${printable(named)}' is none of ${IMAGE_TYPES.join(', ')}`);
  const described = await describeImage(describer, path, type);
  if (!described.ok) return failed(`${printable(path)} ${described.error}`);
  return ok({ path, image: described.value, json: parsed.value.has('json') });
}

/** Exit statuses of `qemu-img check`. */
const LEAKS_ONLY = 3;
const CORRUPT = 2;

function readCounts(output: string): { errors: number; leaks: number } | undefined {
  try {
    const report: unknown = JSON.parse(output);
    if (typeof report !== 'object' || report === null) return undefined;
    const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
    return { errors: 'corruptions' in report ? count(report.corruptions) : 0, leaks: 'leaks' in report ? count(report.leaks) : 0 };
  } catch {
    return undefined;
  }
}
