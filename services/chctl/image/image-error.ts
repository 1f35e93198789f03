/** Why an image could not be made or read; `message` is one line for the user that says what, which value, and what to do. */
export interface ImageError {
  readonly code:
    | 'NOT_A_KERNEL'
    | 'NOT_A_DISK'
    | 'NO_KERNEL'
    | 'NO_MODULE'
    | 'UNPACK_FAILED'
    | 'PROGRAM_MISSING'
    | 'PROGRAM_FAILED'
    | 'FILE_FAILED';
  readonly message: string;
}
