/** Why a machine could not be started. `message` is one line for the user: what, which value, what to do. */
export interface LaunchError {
  readonly code: 'KVM' | 'SLOW_KVM' | 'FILE' | 'IMAGE' | 'CONSOLE' | 'RUN_DIRECTORY' | 'PROCESS' | 'OPEN_FILES';
  readonly message: string;
}
