/**
 * Runs one benchmark: `npm run bench -- NAME [--case REGEX] [--json] [--help]`. Prints a table, and draws it in
 * `.cache/bench/NAME.svg` and the samples of each case in `.cache/bench/NAME/CASE.svg`; with `--json` prints one object a case on
 * a line of its own. Status 1 where a row falls short of its bar.
 */
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { helpRow } from '#shared/config/help-row.ts';
import { FLAG, type StrictArguments, parseStrictly } from '#shared/config/strict-arguments.ts';
import { CACHE } from '../harness/checkout.ts';
import type { Bench } from './frame/bench.ts';
import { renderPlot, renderSamples } from './frame/plot.ts';
import { renderTable } from './frame/report.ts';
import { type Row, judge, missesBar } from './frame/row.ts';

const names = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => basename(file, '.ts'))
  .filter((name) => name !== 'main' && !name.endsWith('.test'));
const USAGE = `usage: npm run bench -- NAME [--case REGEX] [--json] [--help]; NAME is one of ${names.join(', ')}`;
const parsed = parseStrictly(process.argv.slice(2), { case: 'REGEX', json: FLAG, help: FLAG });

if (!parsed.ok) refuse(`${parsed.error}; ${USAGE}`);
else await start(parsed.value);

async function start({ positionals, has, text }: StrictArguments<'case' | 'json' | 'help'>): Promise<void> {
  const [name] = positionals;
  if (name === undefined && has('help')) return console.log(await overview());
  if (name === undefined || positionals.length > 1 || !names.includes(name)) return refuse(USAGE);
  const bench = await load(name);
  if (has('help')) return console.log(bench.help);
  const pattern = text('case');
  const wanted = regExp(pattern ?? '');
  if (wanted === undefined) return refuse(`--case "${pattern}" is no regular expression`);
  if (pattern !== undefined && bench.cases === undefined) return refuse(`${bench.name} measures all its cases at once: no --case`);
  if (bench.cases?.some((one) => wanted.test(one)) === false) return refuse(`no case of ${bench.name} matches; --help names them`);
  await run(bench, wanted, has('json'));
}

async function load(name: string): Promise<Bench> {
  const { bench }: { bench: Bench } = await import(`./${name}.ts`);
  return bench;
}

/** Every benchmark with the first sentence of its help. */
async function overview(): Promise<string> {
  const benches = await Promise.all(names.map(load));
  const lines = benches.map(({ name, help }) => helpRow(name, help.replace(`${name}: `, '').split(/[.:]\s/)[0] ?? ''));
  return `${USAGE}\n\n${lines.join('\n')}\n\n'npm run bench -- NAME --help' says more of each.`;
}

function regExp(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}

async function run(bench: Bench, wanted: RegExp, json: boolean): Promise<void> {
  const rows = await bench.run(
    (line) => console.error(line),
    (one) => wanted.test(one),
  );
  const plots = writePlots(bench.name, rows);
  if (json) for (const row of rows) console.log(JSON.stringify(row));
  else console.log(`${renderTable(rows)}\nplots: ${plots}`);
  if (rows.some((row) => missesBar(judge(row)))) process.exitCode = 1;
}

function writePlots(title: string, rows: readonly Row[]): string {
  const folder = join(CACHE, 'bench', title);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}.svg`, renderPlot(title, rows));
  const groups = Map.groupBy(rows, (row) => row.plot ?? row.case);
  for (const [group, members] of groups)
    writeFileSync(join(folder, `${group.replaceAll(/[^\w.-]+/g, '-')}.svg`), renderSamples(`${title}: ${group}`, members));
  return `${folder}.svg, and ${groups.size} of the samples in ${folder}/`;
}

function refuse(line: string): void {
  console.error(line);
  process.exitCode = 2;
}
