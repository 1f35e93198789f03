/** Which clusters of the file are tables. Asked for each write: nearly always the filter alone says no. */
const FILTER_SIZE = 1 << 16;

export class ClusterSet {
  readonly #clusters = new Set<number>();
  /** By a cluster's lowest bits: 0 where none of them was ever in the set. */
  readonly #filter = new Uint8Array(FILTER_SIZE);

  get size(): number {
    return this.#clusters.size;
  }

  /** Hot. */
  has(cluster: number): boolean {
    return this.#filter[cluster & (FILTER_SIZE - 1)] !== 0 && this.#clusters.has(cluster);
  }

  add(cluster: number): void {
    this.#filter[cluster & (FILTER_SIZE - 1)] = 1;
    this.#clusters.add(cluster);
  }

  delete(cluster: number): void {
    this.#clusters.delete(cluster);
  }
}
