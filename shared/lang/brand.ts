declare const brand: unique symbol;

/** A `T` that cannot be mixed up with another `T`: made by one checked constructor, erased at run time. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
