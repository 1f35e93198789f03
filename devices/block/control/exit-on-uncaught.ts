/** The control thread's first import: what fails while the others are loaded ends the process too, and with a word. */
import { exitOnUncaught } from '#shared/sys/process-exit.ts';

exitOnUncaught('ch-block');
