import { join, resolve } from 'node:path';

/** The top of the checkout. */
export const root = resolve(import.meta.dirname, '../..');

/** A JavaScript program of a package of ours, to be run with this node. */
export function tool(path: string): string {
  return join(root, 'node_modules', path);
}
