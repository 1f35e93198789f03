/** The closed list of components; a folder below one may follow it: `vmm-core/pci: ...`. */
export const COMPONENTS = [
  ...['bench', 'bin', 'check', 'ci', 'deploy', 'docs', 'project', 'proto', 'shared', 'test', 'tools', 'vmm-core'],
  ...['block', 'fs', 'net', 'template', 'vsock', 'devices'],
  ...['chctl', 'chd', 'orchestrator', 'sdk', 'services'],
];
const LONGEST = 72;
/** Words that end like a past tense or a gerund and are neither. */
const IMPERATIVES = ['Bring', 'Embed', 'Exceed', 'Feed', 'Ping', 'Need', 'Shed', 'Speed', 'Spring', 'String', 'Swing'];

/** What is wrong with the first line of a commit message; undefined where nothing is. */
export function subjectFault(subject: string): string | undefined {
  const parts = /^([a-z-]+)(?:\/[a-z0-9-]+)*: (([A-Z]\S*) .*)$/.exec(subject);
  if (parts === null) return "is not 'component: Imperative summary'";
  const [, component = '', summary = '', verb = ''] = parts;
  if (!COMPONENTS.includes(component)) return `'${component}' is no component: ${COMPONENTS.join(' ')}`;
  if (/(ed|ing)$/.test(verb) && !IMPERATIVES.includes(verb)) return `'${verb}' is no imperative`;
  if (summary.endsWith('.')) return 'ends with a full stop';
  if (subject.length > LONGEST) return `has ${subject.length} columns, more than ${LONGEST}`;
  return undefined;
}
