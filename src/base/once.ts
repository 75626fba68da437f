// Delays work that the start of a Worker does not need.

/** Returns a function that makes a value at its first call, and then returns the same value. */
export function once<Value extends object | string>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}

/** Returns a function that makes a value for each name once. The names must be few, such as those of a configuration. */
export function onceFor<Value extends object>(
  make: (name: string) => Value,
): (name: string) => Value {
  const made = new Map<string, Value>();
  return (name) => {
    let value = made.get(name);
    if (value === undefined) made.set(name, (value = make(name)));
    return value;
  };
}
