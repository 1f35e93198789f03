/** Everything that can be wrong with a virtual machine's options. Rendered as one line by `render-error.ts`. */
export type ConfigError =
  | { readonly code: 'UNKNOWN_OPTION'; readonly option: string; readonly known: readonly string[] }
  | { readonly code: 'UNKNOWN_KEY'; readonly option: string; readonly key: string; readonly known: readonly string[] }
  | {
      readonly code: 'NOT_SUPPORTED_YET';
      readonly option: string;
      readonly key?: string;
      readonly value?: string;
      readonly instead?: string;
    }
  | { readonly code: 'UNEXPECTED_ARGUMENT'; readonly argument: string }
  | { readonly code: 'MISSING_VALUE'; readonly option: string; readonly expected: string }
  | { readonly code: 'UNEXPECTED_VALUE'; readonly option: string; readonly value: string }
  | { readonly code: 'REPEATED_OPTION'; readonly option: string }
  | { readonly code: 'REPEATED_KEY'; readonly option: string; readonly key: string }
  | { readonly code: 'MISSING_KEY'; readonly option: string; readonly value: string; readonly key: string; readonly expected: string }
  | { readonly code: 'BAD_SYNTAX'; readonly option: string; readonly value: string; readonly problem: string }
  /** `key` is absent where the option's whole value is meant. */
  | { readonly code: 'BAD_VALUE'; readonly option: string; readonly key?: string; readonly value: string; readonly expected: string }
  /** Two options that exclude each other; `resolve` says what to do. */
  | { readonly code: 'CONFLICT'; readonly first: string; readonly second: string; readonly resolve: string }
  /** `option` means nothing without `needed`. */
  | { readonly code: 'NEEDS_OPTION'; readonly option: string; readonly needed: string; readonly expected: string }
  | { readonly code: 'REPEATED_ID'; readonly id: string }
  | { readonly code: 'PATH_USED_TWICE'; readonly path: string; readonly first: string; readonly second: string; readonly why: string };
