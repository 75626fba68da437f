// Delays work that the start of a Worker does not need.

/** Returns a function that makes a value at its first call, and then returns the same value. */
export function once<Value extends object | string>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}
