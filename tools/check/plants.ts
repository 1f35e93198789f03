/**
 * Violations planted one by one in a toy tree under our own configuration. A rule that does not report its plant is a rule that
 * holds nothing: a checker that reads no file, or whose option is misspelt, also says "no violation".
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root, tool } from './root.ts';

interface Plant {
  /** The rule as the linter names it; undefined where the file must be clean. */
  readonly rule: string | undefined;
  readonly path: string;
  readonly source: string;
}

const lines = (count: number, line: (index: number) => string) => Array.from({ length: count }, (_, index) => line(index)).join('\n');
const importing = (path: string) => `import { value } from '${path}';\nexport const used = value;\n`;
const banned = (path: string, from: string): Plant => ({ rule: 'eslint(no-restricted-imports)', path, source: importing(from) });
const allowed = (path: string, from: string): Plant => ({ rule: undefined, path, source: importing(from) });

const importPlants: readonly Plant[] = [
  banned('shared/layout/upward.ts', '../sys/value.ts'),
  banned('shared/sys/upward.ts', '#shared/memory/value.ts'),
  banned('shared/vhost-user/backend/logging.ts', '../../log/value.ts'),
  banned('shared/virtio/testing.ts', '../testing/value.ts'),
  banned('shared/memory/native.ts', 'koffi'),
  banned('shared/memory/native.test.ts', 'koffi'),
  banned('shared/rpc/upward.ts', '../vhost-user/value.ts'),
  banned('shared/testing/process.ts', '../../vmm-core/value.ts'),
  banned('vmm-core/boot/other-process.ts', '../../devices/block/value.ts'),
  banned('vmm-core/boot/climbing.ts', '../../shared/sys/value.ts'),
  banned('vmm-core/virtio-pci/wrong-end.ts', '#shared/vhost-user/backend/value.ts'),
  banned('vmm-core/kvm/native.ts', 'koffi'),
  banned('devices/block/wrong-end.ts', '#shared/vhost-user/frontend/value.ts'),
  banned('devices/block/other-device.ts', '../net/value.ts'),
  banned('devices/net/other-process.ts', '../../services/chctl/value.ts'),
  banned('services/chctl/floors.ts', '#shared/memory/value.ts'),
  banned('services/chctl/inner.ts', '../orchestrator/value.ts'),
  banned('services/orchestrator/other-service.ts', '../chctl/value.ts'),
  allowed('shared/sys/native-floor.ts', '../lang/value.ts'),
  allowed('shared/virtio/queue.test.ts', '../testing/value.ts'),
  allowed('shared/vhost-user/backend/session.ts', '#shared/virtio/value.ts'),
  allowed('vmm-core/virtio-pci/link.ts', '#shared/vhost-user/frontend/value.ts'),
  allowed('devices/block/handler.ts', '#shared/vhost-user/backend/value.ts'),
  allowed('services/chctl/hosting.ts', '../orchestrator/index.ts'),
];

const codePlants: readonly Plant[] = [
  { rule: 'eslint(max-lines)', path: 'shared/lang/long-file.ts', source: lines(401, (index) => `export const line${index} = ${index};`) },
  {
    rule: 'eslint(max-lines-per-function)',
    path: 'shared/lang/long-function.ts',
    source: `export function long(out: number[]): void {\n${lines(61, (index) => `  out.push(${index});`)}\n}\n`,
  },
  {
    rule: 'eslint(max-params)',
    path: 'shared/lang/parameters.ts',
    source: 'export const sum = (a: number, b: number, c: number, d: number, e: number) => a + b + c + d + e;\n',
  },
  {
    rule: undefined,
    path: 'shared/sys/parameters.ts',
    source: 'export const sum = (a: number, b: number, c: number, d: number, e: number) => a + b + c + d + e;\n',
  },
  { rule: 'eslint(complexity)', path: 'shared/lang/branches.ts', source: branches(21) },
  { rule: 'eslint(eqeqeq)', path: 'shared/lang/equal.ts', source: 'export const same = (a: unknown, b: unknown) => a == b;\n' },
  {
    rule: 'eslint(no-empty)',
    path: 'shared/lang/swallow.ts',
    source: 'export function swallow(run: () => void): void {\n  try {\n    run();\n  } catch {}\n}\n',
  },
  { rule: 'eslint(no-console)', path: 'shared/lang/printing.ts', source: "console.log('said');\n" },
  { rule: 'eslint(no-restricted-properties)', path: 'services/chctl/leaving.ts', source: 'process.exit(1);\n' },
  { rule: undefined, path: 'shared/sys/process-exit.ts', source: 'process.exit(1);\n' },
  {
    rule: 'eslint(no-restricted-properties)',
    path: 'shared/lang/focused.test.ts',
    source: "it.only('alone', () => {});\n",
  },
  { rule: 'unicorn(filename-case)', path: 'shared/lang/camelCase.ts', source: 'export const value = 1;\n' },
  { rule: 'typescript(no-explicit-any)', path: 'shared/lang/loose.ts', source: 'export const loose: any = 1;\n' },
  {
    rule: 'typescript(no-non-null-assertion)',
    path: 'shared/lang/bang.ts',
    source: 'export const first = (list: readonly number[]) => list[0]!;\n',
  },
  {
    rule: 'typescript(only-throw-error)',
    path: 'shared/lang/throwing.ts',
    source: "export function fail(): never {\n  throw 'a string';\n}\n",
  },
  {
    rule: 'typescript(no-floating-promises)',
    path: 'shared/lang/floating.ts',
    source: 'async function later(): Promise<void> {}\nexport function start(): void {\n  later();\n}\n',
  },
  {
    rule: 'typescript(no-misused-promises)',
    path: 'shared/lang/misused.ts',
    source: 'async function later(): Promise<void> {}\nexport function start(run: (then: () => void) => void): void {\n  run(later);\n}\n',
  },
  {
    rule: 'typescript(switch-exhaustiveness-check)',
    path: 'shared/lang/partial.ts',
    source:
      "export function name(value: 'a' | 'b'): string {\n  switch (value) {\n    case 'a':\n      return 'A';\n  }\n  return '';\n}\n",
  },
  {
    rule: 'import(no-cycle)',
    path: 'vmm-core/cycle/one.ts',
    source: "import { two } from './two.ts';\nexport const one = (): number => two();\n",
  },
  {
    rule: 'import(no-cycle)',
    path: 'vmm-core/cycle/two.ts',
    source: "import { one } from './one.ts';\nexport const two = (): number => one();\n",
  },
];

/** What the plants import, so that they resolve. */
const targets = [
  ...['lang', 'layout', 'sys', 'memory', 'virtio', 'log', 'testing', 'vhost-user', 'vhost-user/backend', 'vhost-user/frontend'].map(
    (folder) => `shared/${folder}/value.ts`,
  ),
  ...['vmm-core/value.ts', 'devices/block/value.ts', 'devices/net/value.ts', 'services/chctl/value.ts'],
  ...['services/orchestrator/value.ts', 'services/orchestrator/index.ts'],
];

/** Every plant whose outcome was not the expected one, as a line each; empty when the rules hold. */
export function plantFailures(): string[] {
  const tree = mkdtempSync(join(tmpdir(), 'ch-plants-'));
  try {
    return [...lintFailures(tree), ...compilerFailures(tree), ...formatFailures(tree)];
  } finally {
    rmSync(tree, { recursive: true });
  }
}

function lintFailures(tree: string): string[] {
  for (const path of ['oxlint.config.ts', 'tools/check/import-map.ts', 'tsconfig.json', 'package.json', '.oxfmtrc.json']) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    cpSync(join(root, path), join(tree, path));
  }
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  const plants = [...importPlants, ...codePlants];
  for (const path of targets) write(tree, path, 'export const value = 1;\n');
  for (const { path, source } of plants) write(tree, path, source);
  const { stdout } = spawnSync(
    process.execPath,
    [tool('oxlint/bin/oxlint'), '--format=json', 'shared', 'vmm-core', 'devices', 'services'],
    { cwd: tree, encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  const reported = diagnostics(stdout);
  return plants.flatMap(({ rule, path }) => {
    const rules = reported.filter((diagnostic) => diagnostic.filename === path).map(({ code }) => code);
    if (rule === undefined) return rules.length === 0 ? [] : [`${path} is allowed, yet ${rules.join(', ')} reports it`];
    return rules.includes(rule) ? [] : [`${path} breaks ${rule}, and the linter reports ${rules.join(', ') || 'nothing'}`];
  });
}

function compilerFailures(tree: string): string[] {
  write(tree, 'shared/lang/wrong-type.ts', "export const count: number = 'one';\n");
  const { stdout } = spawnSync(process.execPath, [tool('typescript/bin/tsc'), '-p', tree], { encoding: 'utf8' });
  return /wrong-type\.ts.*TS2322/.test(stdout) ? [] : ['the compiler reports no wrong type'];
}

function formatFailures(tree: string): string[] {
  write(tree, 'shared/lang/untidy.ts', 'export const   untidy = "double";\n');
  const run = () =>
    execFileSync(process.execPath, [tool('oxfmt/bin/oxfmt'), '--check', 'shared/lang/untidy.ts'], { cwd: tree, stdio: 'ignore' });
  try {
    run();
    return ['the formatter accepts an untidy file'];
  } catch {
    return [];
  }
}

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

function diagnostics(json: string): readonly Diagnostic[] {
  const parsed: { readonly diagnostics: readonly Diagnostic[] } = JSON.parse(json);
  return parsed.diagnostics;
}

function write(tree: string, path: string, source: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), source);
}

function branches(count: number): string {
  return `export function pick(value: number): number {\n${lines(count, (index) => `  if (value === ${index}) return ${index * 2};`)}\n  return -1;\n}\n`;
}
