/** What every mutation has in common: it is done once, and on the state that its caller knew. */
import { type Result, err, ok } from '../lang/result.ts';
import type { Problem } from './problem.ts';

export interface MutationRequest {
  readonly requestId: string;
  /** A whole number; 0: any. (A string, but where `long` is missing in this process: then a default is a number.) */
  readonly generation: string | number;
}

/** Requests whose answers are kept for their repeats: the last ones. */
const KEPT = 256;
const LONGEST_ID = 128;

interface Kept {
  /** What was asked for, to tell a repeat from another request of the same name. */
  readonly content: string;
  readonly answer: Promise<Result<unknown, Problem>>;
}

export class Mutations {
  #generation: number;
  #underWay = 0;
  readonly #kept = new Map<string, Kept>();

  /** `generation`: where another process has left off. */
  constructor(generation = 1) {
    this.#generation = generation;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Does `act`, or answers what it answered the first time. `act` gets the generation that it makes, and may fail. */
  async run<T>(
    method: string,
    request: MutationRequest,
    act: () => Promise<Result<(generation: number) => T, Problem>>,
  ): Promise<Result<T, Problem>> {
    const { requestId } = request;
    if (requestId.length > LONGEST_ID)
      return err(invalid('REQUEST_ID_TOO_LONG', 'request_id', `a request_id has at most ${LONGEST_ID} characters`));
    if (requestId === '') return this.#once(request, act);
    const content = `${method} ${JSON.stringify(request)}`;
    const kept = this.#kept.get(requestId);
    if (kept !== undefined && kept.content !== content)
      return err(invalid('REQUEST_ID_REUSED', 'request_id', "this request_id was another request's; give each one its own"));
    // The same content is the same method: its answers are of one type.
    if (kept !== undefined) return kept.answer as Promise<Result<T, Problem>>;
    const answer = this.#once(request, act);
    this.#kept.set(requestId, { content, answer });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return answer;
  }

  async #once<T>(
    { generation }: MutationRequest,
    act: () => Promise<Result<(generation: number) => T, Problem>>,
  ): Promise<Result<T, Problem>> {
    const known = Number(generation);
    if (known !== 0) {
      if (this.#underWay > 0) return err(aborted('MUTATION_UNDER_WAY', 'another change is under way; try again when it has ended'));
      if (known !== this.#generation) {
        const message = `the device is at generation ${this.#generation}, not ${generation}: look at it again, then decide`;
        return err(aborted('GENERATION_MISMATCH', message));
      }
    }
    this.#underWay++;
    try {
      const done = await act();
      return done.ok ? ok(done.value(++this.#generation)) : done;
    } finally {
      this.#underWay--;
    }
  }
}

function invalid(reason: string, field: string, message: string): Problem {
  return { status: 'INVALID_ARGUMENT', reason, field, message };
}

function aborted(reason: string, message: string): Problem {
  return { status: 'ABORTED', reason, field: 'generation', message };
}
