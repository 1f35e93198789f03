/** What the main thread of a ch-block that was started by hand and its data thread say to each other. */
import type { MessagePort } from 'node:worker_threads';
import type { Served } from './data-loop.ts';

/** How the thread is told what to serve. */
export interface WorkerData {
  readonly served: Served;
  /** An eventfd: end in order, with the status that is in the word `exitStatus` then. */
  readonly stopFd: number;
  readonly words: Int32Array<SharedArrayBuffer>;
  /** Where commands come from, and what says that there are some; none where nobody can ask for anything. */
  readonly control: { readonly port: MessagePort; readonly wakeFd: number } | undefined;
  /** The command line, and where it was given: another process that takes over goes by it. */
  readonly arguments: readonly string[];
  readonly directory: string;
  /** A socket to the process that this one takes over from. */
  readonly predecessorFd: number | undefined;
  readonly clientListenerFd: number | undefined;
}

/** Positions of words that both have. */
export const WORD = {
  /** What the data thread ends the process with. */
  exitStatus: 0,
  /** 1: the sockets' paths are this process's. */
  isOurs: 1,
} as const;
export const WORDS = 2;

/** What the thread says to the one that made it. */
export type FromWorker =
  | { readonly kind: 'log'; readonly line: string }
  /** In the place of another process, whose clients' listener it has. */
  | { readonly kind: 'serves'; readonly clientListenerFd: number | undefined; readonly generation: number }
  /** It ends: the image cannot be served. */
  | { readonly kind: 'failed'; readonly line: string };
