/** Takes the escape keys out of what is typed: Ctrl-A and a second key. Everything else goes to the guest. */

export const CTRL_A = 0x01;
const KEY_X = 0x78;
const KEY_H = 0x68;

export type EscapeAction = 'end' | 'help';

export interface Typed {
  /** For the guest. */
  readonly bytes: Uint8Array;
  /** In the order in which they were typed. */
  readonly actions: readonly EscapeAction[];
}

export class EscapeKeys {
  #escaped = false;

  /**
   * Ctrl-A x and Ctrl-A h become actions; Ctrl-A Ctrl-A is one Ctrl-A for the guest. Ctrl-A and any other key both reach the
   * guest: its own shell uses Ctrl-A too.
   */
  feed(typed: Uint8Array): Typed {
    const bytes: number[] = [];
    const actions: EscapeAction[] = [];
    for (const byte of typed) {
      if (!this.#escaped) {
        if (byte === CTRL_A) this.#escaped = true;
        else bytes.push(byte);
        continue;
      }
      this.#escaped = false;
      if (byte === KEY_X) actions.push('end');
      else if (byte === KEY_H) actions.push('help');
      else if (byte === CTRL_A) bytes.push(CTRL_A);
      else bytes.push(CTRL_A, byte);
    }
    return { bytes: Uint8Array.from(bytes), actions };
  }
}

export const ESCAPE_HELP = `
Ctrl-A x       presses the power button; twice ends the machine at once
Ctrl-A h       this text
Ctrl-A Ctrl-A  sends Ctrl-A to the guest
`;
