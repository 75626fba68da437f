// The default case of an exhaustive switch: an unhandled member fails to compile, and throws at run time.

export function unreachable(value: never): never {
  throw new Error(`A case was not handled: ${JSON.stringify(value)}.`);
}
