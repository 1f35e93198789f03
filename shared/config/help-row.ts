/** One option in a help text: how it is given, and beside that, as lines that fit on a page, what it does. */

const HELP_COLUMN = 26;
const COLUMNS = 110;

export function helpRow(usage: string, help: string): string {
  const [first = '', ...more] = wrap(help);
  const indented = more.map((line) => `\n${' '.repeat(HELP_COLUMN)}${line}`).join('');
  const fits = usage.length + 4 <= HELP_COLUMN;
  return `  ${fits ? usage.padEnd(HELP_COLUMN - 2) : `${usage}\n${' '.repeat(HELP_COLUMN)}`}${first}${indented}`;
}

/** As lines that fit beside the names of the options. */
function wrap(help: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of help.split(' ')) {
    if (line !== '' && HELP_COLUMN + line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
