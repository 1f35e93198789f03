/**
 * Who may import whom, as data for the linter's no-restricted-imports; ARCHITECTURE.md has the same map in words.
 *
 * Across top folders imports are written `#shared/...`; relative ones stay inside a top folder. So a ban is a pattern on the
 * import's own text, and no file needs to be resolved.
 */

interface Ban {
  readonly regex?: string;
  readonly group?: readonly string[];
  readonly message: string;
}

interface Folder {
  readonly folder: string;
  readonly bans: readonly Ban[];
  /** What holds for the tests beside the sources; they may use shared/testing. */
  readonly testBans?: readonly Ban[];
}

/** The floors of shared/, lowest first: each imports its own floor and those below it. */
const FLOORS = ['lang', 'layout', 'sys', 'memory', 'virtio', 'vhost-user'];
const BESIDE = ['rpc', 'config', 'log'];
/** On both. */
const ABOVE = ['hand-over'];
const DEVICES = ['block', 'net', 'fs', 'vsock', 'template'];
const TOPS = ['shared', 'proto', 'vmm-core', 'devices', 'services', 'test', 'tools'];

const KOFFI: Ban = { regex: '^koffi(/|$)', message: 'koffi is imported in shared/sys alone.' };
const TESTING: Ban = { regex: '^(#shared/|(\\.\\./)+)testing/', message: 'shared/testing is for tests.' };

/** Whatever lies outside this top folder, reached by climbing. */
function outside(top: string): Ban {
  const others = TOPS.filter((name) => name !== top).join('|');
  return {
    regex: `^(\\.\\./)+(${others})/`,
    message: 'Processes meet only as sockets; shared and proto are imported as #shared/... and #proto/...',
  };
}

function siblings(names: readonly string[], message: string): Ban {
  return { regex: `^(#shared/|(\\.\\./)+)(${names.join('|')})/`, message };
}

const floors: Folder[] = FLOORS.map((floor, index) => ({
  folder: `shared/${floor}`,
  bans: [siblings([...FLOORS.slice(index + 1), ...BESIDE, ...ABOVE], `shared/${floor} imports its own floor and those below it.`)],
}));

const beside: Folder[] = BESIDE.map((folder) => ({
  folder: `shared/${folder}`,
  bans: [siblings(['memory', 'virtio', 'vhost-user', ...ABOVE], `shared/${folder} imports lang, layout, sys and its two neighbours.`)],
}));

const devices: Folder[] = DEVICES.map((device) => ({
  folder: `devices/${device}`,
  bans: [
    { regex: '^#shared/vhost-user/frontend/', message: 'A device is a back end.' },
    { regex: `^(\\.\\./)+(${DEVICES.filter((name) => name !== device).join('|')})/`, message: 'A device knows no other device.' },
  ],
  testBans: [],
}));

const serviceFloors: Ban = {
  regex: '^#shared/(memory|virtio|vhost-user|hand-over)/',
  message: 'A service imports lang, layout, sys, rpc, config and log.',
};

const services: Folder[] = [
  {
    folder: 'services/chctl',
    bans: [
      serviceFloors,
      { group: ['**/orchestrator/**', '!**/orchestrator/index.ts', '**/sdk/**'], message: 'chctl knows orchestrator/index.ts alone.' },
    ],
  },
  {
    folder: 'services/orchestrator',
    bans: [serviceFloors, { regex: '^(\\.\\./)+(chctl|sdk)/', message: 'A service knows no other service.' }],
  },
  {
    folder: 'services/sdk',
    bans: [serviceFloors, { regex: '^(\\.\\./)+(chctl|orchestrator)/', message: 'A service knows no other service.' }],
  },
];

const folders: Folder[] = [
  ...floors,
  ...beside,
  ...ABOVE.map((folder) => ({ folder: `shared/${folder}`, bans: [] })),
  { folder: 'shared/testing', bans: [] },
  { folder: 'vmm-core', bans: [{ regex: '^#shared/vhost-user/backend/', message: 'The core is a front end.' }], testBans: [] },
  ...devices,
  ...services,
];

function restriction(patterns: readonly Ban[]) {
  return { 'no-restricted-imports': ['error', { patterns: [...patterns] }] as ['error', { patterns: Ban[] }] };
}

/** The linter's overrides; the last one that matches a file decides. */
export const importMap = folders.flatMap(({ folder, bans, testBans = bans }) => {
  const always = [outside(folder.split('/')[0] ?? folder), ...(folder === 'shared/sys' ? [] : [KOFFI])];
  const sources = folder === 'shared/testing' ? [...always, ...bans] : [...always, TESTING, ...bans];
  return [
    { files: [`${folder}/**/*.ts`], rules: restriction(sources) },
    { files: [`${folder}/**/*.test.ts`, `${folder}/**/*.fixture.ts`], rules: restriction([...always, ...testBans]) },
  ];
});
