// Delays work that the start of a Worker does not need.

/** Returns a function that makes a value at its first call, and then returns the same value. */
export function once<Value extends object | string>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => (made ??= make());
}

/** The limits of the results for names that clients choose. */
const chosenMax = { names: 512, characters: 64 };

/** Like `onceFor`, for names that clients choose: results of long names, and too many results, are made again. */
export function onceForChosen<Value>(make: (name: string) => Value): (name: string) => Value {
  const made = new Map<string, Value>();
  return (name) => {
    const before = made.get(name);
    if (before !== undefined) return before;
    const value = make(name);
    if (made.size >= chosenMax.names) made.clear();
    if (name.length <= chosenMax.characters) made.set(name, value);
    return value;
  };
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
