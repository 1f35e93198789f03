/** What users and files bring, as a message may show it. */

const MOST_SHOWN = 200;

/** Stays on one line, cannot drive a terminal, and is Unicode of its own; the middle of a long text is left out. */
export function printable(text: string): string {
  const plain = text.replace(/[^\x20-\x7e\u00a0-\u2027\u202f-\u2065\u2070-\uffff]/g, '?');
  const shown = plain.length > MOST_SHOWN ? `${plain.slice(0, MOST_SHOWN / 2)}...${plain.slice(-MOST_SHOWN / 2)}` : plain;
  // A pair of surrogates may have been cut in two.
  return shown.toWellFormed();
}

/** `512M` where the number is whole in a unit, else plain bytes. */
export function sizeText(bytes: number): string {
  if (bytes === 0) return '0';
  for (const [unit, letter] of [
    [2 ** 30, 'G'],
    [2 ** 20, 'M'],
    [2 ** 10, 'K'],
  ] as const) {
    if (bytes % unit === 0) return `${bytes / unit}${letter}`;
  }
  return String(bytes);
}

const ROUND_UNITS = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `1.50 GiB`, for people. */
export function roundSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  for (; value >= 1024 && unit < ROUND_UNITS.length - 1; unit++) value /= 1024;
  return `${threeDigits(value)} ${ROUND_UNITS[unit] ?? ''}`;
}

/** A whole number, or one with three digits. */
export function threeDigits(value: number): string {
  return Number.isInteger(value) || value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
