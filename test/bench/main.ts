/**
 * Runs one benchmark: `npm run bench -- NAME [--json] [--help]`. Prints a table and writes `.cache/bench/NAME.svg`; with
 * `--json` one object a case on a line of its own. Status 1 where a row falls short of its bar.
 */
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Bench } from './frame/bench.ts';
import { renderPlot, renderTable } from './frame/report.ts';
import { judge } from './frame/row.ts';

const names = globSync('*.ts', { cwd: import.meta.dirname })
  .map((file) => basename(file, '.ts'))
  .filter((name) => name !== 'main' && !name.endsWith('.test'));
const [name = '', ...options] = process.argv.slice(2);

if (!names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [--json] [--help]; NAME is one of ${names.join(', ')}`);
  process.exitCode = 2;
} else {
  const { bench }: { bench: Bench } = await import(`./${name}.ts`);
  if (options.includes('--help')) console.log(bench.help);
  else await run(bench, options.includes('--json'));
}

async function run(bench: Bench, json: boolean): Promise<void> {
  const rows = await bench.run((line) => console.error(line));
  const plot = join(import.meta.dirname, '../../.cache/bench', `${bench.name}.svg`);
  mkdirSync(join(plot, '..'), { recursive: true });
  writeFileSync(plot, renderPlot(rows));
  if (json) for (const row of rows) console.log(JSON.stringify(row));
  else console.log(`${renderTable(rows)}\nplot: ${plot}`);
  if (rows.some((row) => judge(row).verdict === 'falls short')) process.exitCode = 1;
}
