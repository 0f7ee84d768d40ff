declare const brand: unique symbol;

/** A text that one parser has checked, so that the compiler tells it from any other text. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };
