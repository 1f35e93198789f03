/**
 * Runs one benchmark: `npm run bench -- NAME [--case REGEX] [--json] [--help]`. Prints a table, and draws it in
 * `.cache/bench/NAME.svg` and the samples of each case in `.cache/bench/NAME/CASE.svg`; with `--json` prints one object a case on
 * a line of its own. Status 1 where a row falls short of its bar.
 */
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE } from '../harness/checkout.ts';
import type { Bench } from './frame/bench.ts';
import { renderPlot, renderSamples } from './frame/plot.ts';
import { renderTable } from './frame/report.ts';
import { type Row, judge, missesBar } from './frame/row.ts';

const names = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => basename(file, '.ts'))
  .filter((name) => name !== 'main' && !name.endsWith('.test'));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { case: { type: 'string' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
const [name = ''] = positionals;

if (!names.includes(name) || positionals.length !== 1) {
  refuse(`usage: npm run bench -- NAME [--case REGEX] [--json] [--help]; NAME is one of ${names.join(', ')}`);
} else {
  const { bench }: { bench: Bench } = await import(`./${name}.ts`);
  if (values.help) console.log(bench.help);
  else await run(bench);
}

async function run(bench: Bench): Promise<void> {
  const wanted = new RegExp(values.case ?? '');
  if (values.case !== undefined && bench.cases === undefined) return refuse(`${bench.name} measures all its cases at once: no --case`);
  if (bench.cases?.some((one) => wanted.test(one)) === false) return refuse(`no case of ${bench.name} matches; --help names them`);
  const rows = await bench.run(
    (line) => console.error(line),
    (one) => wanted.test(one),
  );
  const plots = writePlots(bench.name, rows);
  if (values.json) for (const row of rows) console.log(JSON.stringify(row));
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
