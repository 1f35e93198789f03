/** The record of what a back end has in flight, kept on this side for the one that comes after it to take up what it left undone. */
import type { InflightFile } from '#shared/vhost-user/frontend/index.ts';

export class InflightRecord {
  #file: InflightFile | undefined;
  /** What is noted there belongs to a driver that is gone. */
  #isOld = false;

  /** Whether the back end notes at all. */
  get isKept(): boolean {
    return this.#file !== undefined;
  }

  /** What is noted of the present driver's requests. */
  get current(): InflightFile | undefined {
    return this.#isOld ? undefined : this.#file;
  }

  /** The driver is gone; the next one begins with a record of its own. */
  outdate(): void {
    this.#isOld = true;
  }

  /** Undefined: the back end keeps none. */
  replace(file: InflightFile | undefined): void {
    this.#file?.file.close();
    this.#file = file;
    this.#isOld = false;
  }

  close(): void {
    this.#file?.file.close();
    this.#file = undefined;
  }
}
