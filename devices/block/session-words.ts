/** What a session has to say of its front end, in words for whoever looks after this process. */
import { UNSEALED_MEMORY } from '#shared/vhost-user/backend/index.ts';
import { VHOST_USER } from '#shared/vhost-user/spec.ts';

type Facts = Readonly<Record<string, unknown>>;

/** A session's trace as one line. */
export function sessionWords(event: string, { request, error, ...facts }: Facts): string {
  if (event === UNSEALED_MEMORY) return 'the front end could shrink its memory, which would end this process (SIGBUS)';
  const what = typeof request === 'number' ? `${event} (${requestName(request)})` : event;
  const problem = isFacts(error) ? [problemText(error)] : [];
  const said = [...problem, ...factTexts(facts)].join(', ');
  return said === '' ? `the front end: ${what}` : `the front end: ${what}: ${said}`;
}

/** `SET_VRING_NUM` */
export function requestName(request: number): string {
  return Object.entries(VHOST_USER).find(([, number]) => number === request)?.[0] ?? `request ${request}`;
}

/** `RING_SIZE (size 256, maximum 64)` */
function problemText({ code, cause, ...facts }: Facts): string {
  const name = isFacts(cause) && typeof cause['message'] === 'string' ? cause['message'] : String(code);
  const more = factTexts(facts).join(', ');
  return more === '' ? name : `${name} (${more})`;
}

function factTexts(facts: Facts): readonly string[] {
  return Object.entries(facts).map(([name, value]) => `${name} ${factText(value)}`);
}

function factText(value: unknown): string {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  return isFacts(value) ? problemText(value) : String(value);
}

function isFacts(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null;
}
