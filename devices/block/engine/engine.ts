/** What does a thread's file operations, and waits for its descriptors: prepare, submit and reap, as io_uring has it. */
export interface Engine {
  readonly entries: number;
  /** Entries that can be prepared before the next `submit`. */
  readonly free: number;
  /** Prepared and not yet submitted. */
  readonly pending: number;
  /** The completion that `next` found last. Tokens are the two halves of user_data; `result` is a value or `-errno`. */
  readonly tokenLow: number;
  readonly tokenHigh: number;
  readonly result: number;
  readonly flags: number;

  /** Prepares one entry (IORING_OP); submits what is there first where there is no room. Hot. */
  prepare(
    opcode: number,
    flags: number,
    file: number,
    offset: number,
    address: number,
    length: number,
    tokenLow: number,
    tokenHigh: number,
    operationFlags?: number,
  ): void;
  /** Begins everything prepared, and waits until `minimum` completions are there. A signal ends the wait early. */
  submit(minimum: number): void;
  /** Lets completions be found that wait for this thread. Hot. */
  poke(): void;
  /** Moves to the next completion; false where there is none. Hot. */
  next(): boolean;
  close(): void;
}
