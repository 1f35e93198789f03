/** Output may come before anybody listens. */
export class OutputLog {
  readonly #chunks: Buffer[] = [];
  #listener: ((chunk: Buffer) => void) | undefined;

  add(chunk: Buffer): void {
    if (this.#listener === undefined) this.#chunks.push(chunk);
    else this.#listener(chunk);
  }

  listen(listener: (chunk: Buffer) => void): void {
    this.#listener = listener;
    for (const chunk of this.#chunks.splice(0)) listener(chunk);
  }
}
