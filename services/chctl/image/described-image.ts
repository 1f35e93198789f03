/** What an image is, as a program beside ch-block tells, which knows the formats: what an image of anybody's does to it ends it alone. */
import { spawn } from 'node:child_process';
import { printable, roundSize } from '#shared/lang/printable.ts';
import { type Result, err, ok } from '#shared/lang/result.ts';

export const IMAGE_TYPES = ['raw', 'qcow2', 'vhd', 'vhdx'] as const;
export type ImageType = (typeof IMAGE_TYPES)[number];

/** As `chctl image info --json` prints it. Sizes are in bytes; null: it has none, or that cannot be said. */
export interface DescribedImage {
  readonly format: string;
  readonly imageType: ImageType | null;
  readonly virtualSize: number | null;
  readonly fileSize: number;
  readonly hostBytes: number;
  readonly clusterSize: number | null;
  readonly backingFile: { readonly name: string; readonly format: string | null } | null;
  readonly snapshots: readonly { readonly id: string; readonly name: string }[];
  readonly features: readonly string[];
  readonly dirty: boolean;
  readonly corrupt: boolean;
  readonly notes: readonly string[];
}

/** More than the greatest description that an image can have. */
const MOST_OUTPUT = 2 ** 20;
const DEADLINE_MS = 60_000;

/** `describer` is the program's script; the error is the end of a sentence that begins with the image's name. */
export async function describeImage(describer: string, path: string, type: ImageType | undefined): Promise<Result<DescribedImage, string>> {
  const output = await outputOf(describer, [path, ...(type === undefined ? [] : [type])]);
  const line = output.split('\n')[0] ?? '';
  if (line === '') return err('cannot be described: the process that reads it ended');
  const answer: unknown = JSON.parse(line);
  if (isAnswer(answer)) return 'image' in answer ? ok(answer.image) : err(printable(answer.error.message));
  throw new Error(`no description of an image: ${printable(line)}`);
}

function isAnswer(answer: unknown): answer is { image: DescribedImage } | { error: { message: string } } {
  return typeof answer === 'object' && answer !== null && ('image' in answer || 'error' in answer);
}

/** What it says on its standard output, until it ends. */
async function outputOf(script: string, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'], timeout: DEADLINE_MS });
  let output = '';
  for await (const data of child.stdout.setEncoding('utf8')) {
    output += String(data);
    if (output.length > MOST_OUTPUT) child.kill('SIGKILL');
  }
  return output;
}

/** For people: a line for each thing that there is to say. */
export function renderImage(path: string, image: DescribedImage): string {
  const rows: (readonly [string, string])[] = [
    ['format', formatText(image)],
    ['virtual size', image.virtualSize === null ? 'unknown' : bytesText(image.virtualSize)],
    ['host space', bytesText(image.hostBytes)],
  ];
  if (image.clusterSize !== null) rows.push(['cluster size', bytesText(image.clusterSize)]);
  if (image.backingFile !== null) rows.push(['backing file', backingText(image.backingFile)]);
  if (image.snapshots.length > 0) rows.push(['snapshots', image.snapshots.map(({ id, name }) => printable(name || id)).join(', ')]);
  if (image.features.length > 0) rows.push(['features', image.features.join(', ')]);
  rows.push(['state', stateText(image)]);
  for (const note of image.notes) rows.push(['note', note]);
  return `${printable(path)}\n${rows.map(([name, value]) => `  ${name.padEnd(14)}${value}\n`).join('')}`;
}

function formatText({ format, imageType }: DescribedImage): string {
  return imageType === null ? format : `${format} (image_type=${imageType})`;
}

function backingText({ name, format }: { readonly name: string; readonly format: string | null }): string {
  return `${printable(name)} (${format === null ? 'its format is not stated' : printable(format)})`;
}

function stateText({ dirty, corrupt }: DescribedImage): string {
  if (corrupt) return 'corrupt';
  return dirty ? 'not closed: who writes to it next cleans up' : 'clean';
}

function bytesText(bytes: number): string {
  return bytes < 1024 ? `${bytes} bytes` : `${roundSize(bytes)} (${bytes} bytes)`;
}
