/** Tables with one arm for each kind, and the call of the arm that a value's kind names. */

export interface Kinded {
  readonly kind: string;
}

/** The nodes of the kinds `K`, in a form in which a node's kind and its table's arm are seen to agree. */
export type OfKind<N extends Kinded, K extends N['kind']> = {
  readonly [P in K]: Extract<N, { readonly kind: P }> & { readonly kind: P };
}[K];

/** A total table: a function for every kind of `N`, called with the value of that kind and with `A`. */
export type Table<N extends Kinded, A extends readonly unknown[], R> = {
  readonly [K in N['kind']]: (node: OfKind<N, K>, ...rest: A) => R;
};

/** What the arm of `table` for the kind of `node` makes of it. */
export function dispatch<N extends Kinded, K extends N['kind'], A extends readonly unknown[], R>(
  table: Table<N, A, R>,
  node: OfKind<N, K>,
  ...rest: A
): R {
  return table[node.kind](node, ...rest);
}
